import { cookieValues } from "../core/cookie.ts";
import type { Visitor } from "../core/decide.ts";
import { firstValue } from "../core/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import { type Session, wantsTouch } from "../core/session.ts";
import { type Soon, whenKnown } from "../core/soon.ts";
import { openSessionCookie } from "../seal/session-cookie.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";

/** The live session that the request's cookies open at its provider; null when none does. Rejects with Failure store_unavailable. */
export function sessionOf(deps: Deps, exchange: Exchange): Soon<Session | null> {
  const { provider, request } = exchange;
  const ids: string[] = [];
  for (const value of cookieValues(request.headers, provider.cookie.name)) {
    const opened = openSessionCookie(deps.keys, provider.slug, value);
    if (opened.ok) ids.push(opened.id);
  }
  const [only] = ids;
  if (only === undefined) return null;
  if (ids.length === 1) return whenKnown(deps.sessions.get(only), (session) => believed(deps, exchange, [session]));
  return Promise.all(ids.map((id) => deps.sessions.get(id))).then((found) => believed(deps, exchange, found));
}

/** The first of these sessions, if it may count. */
function believed(deps: Deps, exchange: Exchange, found: readonly (Session | null)[]): Soon<Session | null> {
  const { provider } = exchange;
  const sessions = found.filter((session) => session?.providerSlug === provider.slug);
  const first = sessions[0] ?? null;
  if (first === null) return null;
  // two valid cookies of different people: somebody tossed one at this browser (CK-03)
  if (sessions.some((other) => other !== null && !isSamePerson(other.identity, first.identity))) return null;
  deps.loops.recognised(browserOf(exchange));
  deps.refreshes.whenDue(deps, provider, first);
  if (!wantsTouch(first, deps.now())) return first;
  return deps.sessions.touch(first.id, deps.now()).then(() => first);
}

/** Who is asking, by session. */
export function visitorOf(session: Session | null): Visitor {
  return session === null ? { kind: "anonymous" } : { kind: "known", identity: session.identity, via: "session" };
}

/** What can be known of a browser that returns no cookie; see login-loops. */
export function browserOf(exchange: Exchange): string {
  const { request, provider } = exchange;
  return `${provider.slug}\n${request.clientAddress}\n${(firstValue(request.headers, "user-agent") ?? "").slice(0, 300)}`;
}

/** The key of a person in this outpost: issuer and subject (decision 11). */
export function personKey(identity: Pick<Identity, "issuer" | "subject">): string {
  return `${identity.issuer}\n${identity.subject}`;
}

function isSamePerson(left: Identity, right: Identity): boolean {
  return personKey(left) === personKey(right);
}
