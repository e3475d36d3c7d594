import type { Config } from "../../core/config.ts";
import type { Visitor } from "../../core/decide/decide.ts";
import { assumedIdentity } from "../../core/identity/assumed-identity.ts";
import type { Provider } from "../../core/provider.ts";
import { type CookieReport, cookieReports, givenCookies } from "../cookie/cookie-report.ts";

/** The visitor of the explained request. `note`: what the cookie opened; null: no cookie. */
export interface FoundVisitor {
  readonly kind: "found";
  readonly visitor: Visitor;
  readonly note: string | null;
}

/** The visitor, or why the store of the sessions cannot be read. */
export type VisitorOutcome =
  | FoundVisitor
  | { readonly kind: "unusable"; readonly message: string; readonly hint: string | null };

/** The visitor that the options name; without them an anonymous one. */
export function namedVisitor(options: {
  readonly as?: string;
  readonly groups?: string;
  readonly email?: string;
  readonly claim?: readonly string[];
}): FoundVisitor {
  const { as, groups, email, claim = [] } = options;
  if (as === undefined && groups === undefined && email === undefined && claim.length === 0) {
    return { kind: "found", visitor: { kind: "anonymous" }, note: null };
  }
  const list = (groups ?? "")
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "");
  const identity = assumedIdentity({
    username: as ?? "",
    groups: list,
    email: email ?? "",
    claims: namedClaims(claim),
  });
  return { kind: "found", visitor: { kind: "known", identity, via: "session" }, note: null };
}

/** `name=value` of each `--claim`; a repeated name has a list of values. */
export function namedClaims(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const claims: Record<string, readonly string[]> = Object.create(null);
  for (const text of texts) {
    const sign = text.indexOf("=");
    const name = text.slice(0, sign);
    claims[name] = [...(claims[name] ?? []), text.slice(sign + 1)];
  }
  return claims;
}

/** The Cookie header that `text` stands for: a bare value gets the name of the provider's session cookie. */
export function cookieHeader(text: string, provider: Provider | null): string {
  const line = text.trim().replace(/^cookie:\s*/i, "");
  return /[=;]/.test(line) || provider === null ? line : `${provider.cookie.name}=${line}`;
}

/**
 * Whose session the cookies of a Cookie header open at `provider`, by the code of decode-cookie. `unusable`: the store cannot be read.
 */
export async function sessionVisitor(config: Config, provider: Provider, header: string): Promise<VisitorOutcome> {
  const cookies = givenCookies(header).ours.filter(({ name }) => name === provider.cookie.name);
  if (cookies.length === 0) return anonymous(`no cookie is named ${provider.cookie.name}`);
  const [{ seeSessions }, { randomBytes }] = await Promise.all([
    import("../../compose/session-reader.ts"),
    import("node:crypto"),
  ]);
  const now = Math.floor(Date.now() / 1000);
  const seen = await seeSessions(config, { now: () => now, randomBytes });
  if (seen.kind === "unusable") return { kind: "unusable", message: seen.message, hint: null };
  if (seen.kind === "no_secret") {
    const hint = "run it as akproxy's user with the config of the running outpost, or name the user with --as";
    return { kind: "unusable", message: `outpost: secret: none is set, and "${seen.path}" does not exist`, hint };
  }
  const { keys, reader } = seen;
  const facts = { providers: config.providers, sessions: config.sessions, keys, reader, only: provider, now };
  try {
    return fromReports(await cookieReports(cookies, facts));
  } finally {
    await reader?.close();
  }
}

function fromReports(reports: readonly CookieReport[]): FoundVisitor {
  for (const { refused, session } of reports) {
    if (refused !== null || session === null) continue;
    const visitor = { kind: "known", identity: session.identity, via: "session" } as const;
    return { kind: "found", visitor, note: "opens a session" };
  }
  const refused = reports.find((report) => report.refused !== null)?.refused;
  if (refused !== undefined && refused !== null) return anonymous(`is refused: ${refused}`);
  return anonymous("is valid, but its session is in the memory of the running outpost: name the user with --as");
}

function anonymous(note: string): FoundVisitor {
  return { kind: "found", visitor: { kind: "anonymous" }, note };
}
