import type { SessionsConfig } from "../../core/config.ts";
import { cookiePairs, isOurCookieName } from "../../core/http/cookie.ts";
import { type LoginAttempt, parseLoginCookieName } from "../../core/identity/login-attempt.ts";
import type { Provider } from "../../core/provider.ts";
import type { Session } from "../../core/session.ts";
import type { SessionReader, SessionSight } from "../../ports/session-store.ts";
import type { Keys } from "../../seal/keys.ts";
import { openLoginAttemptByName } from "../../seal/login-attempt.ts";
import { openSessionCookie } from "../../seal/session-cookie.ts";

/** What a cookie holds. `refused`: the reason akproxy refuses it; null: akproxy accepts it. */
export interface CookieReport {
  readonly name: string | null; //                 null: a bare value
  readonly kind: "session" | "login attempt";
  readonly refused: string | null;
  readonly provider: string | null; //             slug
  readonly keyIndex: number | null; //             index of the secret that opened it, from 0
  readonly store: SessionSight["kind"] | "not checked" | null;
  readonly session: Session | null;
  readonly sessionId: string | null; //            secret
  readonly attempt: LoginAttempt | null; //        secret but for its times
}

/** The facts behind a report. `only`: the provider of --provider. */
export interface CookieReportDeps {
  readonly providers: readonly Provider[];
  readonly only: Provider | null;
  readonly keys: Keys;
  readonly sessions: SessionsConfig;
  readonly reader: SessionReader | null;
  readonly now: number; //                         epoch seconds
}

/** A cookie of the input. A bare value has the name null. */
export interface GivenCookie {
  readonly name: string | null;
  readonly value: string;
}

/** serve reads only this many cookies of one name. */
const sameNameLimit = 4;

/** The akproxy cookies in a value, a `name=value` or a whole Cookie header, and the names of all other cookies. */
export function givenCookies(text: string): {
  readonly ours: readonly GivenCookie[];
  readonly others: readonly string[];
} {
  const line = text
    .trim()
    .replace(/^cookie:/i, "")
    .trim();
  if (!/[=;]/.test(line)) return { ours: line === "" ? [] : [{ name: null, value: line }], others: [] };
  const pairs = cookiePairs([["cookie", line]]).map(([name, value]) => ({ name, value }));
  return {
    ours: pairs.filter(({ name }) => isOurCookieName(name)),
    others: pairs.map(({ name }) => name).filter((name) => !isOurCookieName(name)),
  };
}

/** A report on each cookie, made by the code of serve. May throw `Failure("store_unavailable")`. */
export async function cookieReports(
  cookies: readonly GivenCookie[],
  deps: CookieReportDeps,
): Promise<readonly CookieReport[]> {
  const reports: CookieReport[] = [];
  const seen = new Map<string | null, number>();
  for (const cookie of cookies) {
    const count = (seen.get(cookie.name) ?? 0) + 1;
    seen.set(cookie.name, count);
    const report = await cookieReport(cookie, deps);
    const surplus = `akproxy reads only the first ${sameNameLimit} cookies of one name`;
    reports.push(count > sameNameLimit ? { ...report, refused: report.refused ?? surplus } : report);
  }
  return reports;
}

async function cookieReport({ name, value }: GivenCookie, deps: CookieReportDeps): Promise<CookieReport> {
  if (name === null) return sessionReport(null, value, deps.only === null ? deps.providers : [deps.only], deps);
  for (const provider of deps.providers) {
    const isMeant = provider.cookie.name === name;
    const attempt = isMeant ? null : parseLoginCookieName(name, provider.cookie);
    if (!isMeant && attempt === null) continue;
    if (deps.only !== null && deps.only !== provider) {
      return refusal(name, `its name is that of provider "${provider.slug}", not of "${deps.only.slug}"`);
    }
    return attempt === null
      ? sessionReport(name, value, [provider], deps)
      : attemptReport(name, value, attempt.shortDigest, provider, deps);
  }
  const names = deps.providers.map((provider) => `"${provider.cookie.name}"`).join(", ");
  return refusal(name, `no provider of this config has a cookie of that name; their cookies are ${names}`);
}

async function sessionReport(
  name: string | null,
  value: string,
  candidates: readonly Provider[],
  deps: CookieReportDeps,
): Promise<CookieReport> {
  for (const provider of candidates) {
    const opened = openSessionCookie(deps.keys, provider.slug, value);
    if (!opened.ok) continue;
    const found = { name, provider: provider.slug, keyIndex: opened.keyIndex, sessionId: opened.id };
    if (deps.reader === null)
      return { ...refusal(name, storelessReason(deps.sessions)), ...found, store: "not checked" };
    const sight = await deps.reader.look(opened.id);
    const session = "session" in sight ? sight.session : null;
    const refused = sightReason(sight, provider, deps.now);
    return { ...refusal(name, refused), ...found, store: sight.kind, session };
  }
  const [only, another] = candidates;
  const provider = only !== undefined && another === undefined ? only.slug : null;
  return { ...refusal(name, unopenedReason(name, value, candidates, deps)), provider };
}

function unopenedReason(
  name: string | null,
  value: string,
  candidates: readonly Provider[],
  deps: CookieReportDeps,
): string {
  const openable = (provider: Provider) => openSessionCookie(deps.keys, provider.slug, value);
  const isMalformed = deps.providers.map(openable).every((opened) => !opened.ok && opened.reason === "malformed");
  if (isMalformed && name === null && /^[\w-]{60,}$/.test(value)) {
    return "it is not a session cookie; a cookie of a login attempt opens only with its name: give NAME=VALUE";
  }
  if (isMalformed) return "malformed: a session cookie is 43 characters of base64url, a dot, and 43 more";
  const owner = deps.providers.find((provider) => !candidates.includes(provider) && openable(provider).ok);
  if (owner !== undefined) return `it was made for provider "${owner.slug}" and is valid for that provider only`;
  return "wrong secret, or changed in transit: no secret of this outpost sealed it";
}

function sightReason(sight: SessionSight, provider: Provider, now: number): string | null {
  switch (sight.kind) {
    case "live":
      if (sight.session.providerSlug === provider.slug) return null;
      return `the session in the store belongs to provider "${sight.session.providerSlug}"`;
    case "ended":
      return now >= sight.session.expiresAt ? "past its absolute limit" : "idle for longer than its limit";
    case "unreadable":
      return "the session in the store is sealed with a secret that is no longer configured";
    case "absent":
      return "the store does not have this session: the user signed out, it expired, or it is in another store";
  }
}

/** Null for sessions in memory: the cookie is valid, and only the running process has the session. */
function storelessReason(sessions: SessionsConfig): string | null {
  return sessions.kind === "sqlite" ? `the store ${sessions.file} does not exist` : null;
}

function attemptReport(
  name: string,
  value: string,
  digestInName: string,
  provider: Provider,
  deps: CookieReportDeps,
): CookieReport {
  const base: CookieReport = { ...refusal(name, null), kind: "login attempt", provider: provider.slug };
  const opened = openLoginAttemptByName(deps.keys, provider.slug, digestInName, value);
  if (opened.ok) {
    const refused = deps.now < opened.attempt.expiresAt ? null : "expired: the login took too long";
    return { ...base, refused, keyIndex: opened.keyIndex, attempt: opened.attempt };
  }
  if (opened.reason === "malformed") return { ...base, refused: "malformed: not the form of a sealed login attempt" };
  return { ...base, refused: "wrong secret, provider or name: no secret of this outpost sealed it for that name" };
}

function refusal(name: string | null, refused: string | null): CookieReport {
  const nothing = { provider: null, keyIndex: null, store: null, session: null, sessionId: null, attempt: null };
  return { name, kind: "session", refused, ...nothing };
}
