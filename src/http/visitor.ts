import { cookieValues } from "../core/cookie.ts";
import type { Visitor } from "../core/decide.ts";
import { firstValue } from "../core/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import type { Session } from "../core/session.ts";
import { wantsTouch } from "../core/session.ts";
import { openSessionCookie } from "../seal/session-cookie.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";

/** The live session that the request's cookies open at its provider; null when none does. Throws Failure store_unavailable. */
export async function sessionOf(deps: Deps, exchange: Exchange): Promise<Session | null> {
  const { provider, request } = exchange;
  const sessions: Session[] = [];
  for (const value of cookieValues(request.headers, provider.cookie.name)) {
    const opened = openSessionCookie(deps.keys, provider.slug, value);
    const session = opened.ok ? await deps.sessions.get(opened.id) : null;
    if (session !== null && session.providerSlug === provider.slug) sessions.push(session);
  }
  const [first] = sessions;
  if (first === undefined) return null;
  // two valid cookies of different people: somebody tossed one at this browser (CK-03)
  if (sessions.some((other) => !isSamePerson(other.identity, first.identity))) return null;
  if (wantsTouch(first, deps.now())) await deps.sessions.touch(first.id, deps.now());
  deps.loops.recognised(browserOf(exchange));
  deps.refreshes.whenDue(deps, provider, first);
  return first;
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
