import type { Visitor } from "../../core/decide/decide.ts";
import { cookieValues } from "../../core/http/cookie.ts";
import { firstValue } from "../../core/http/header-lines.ts";
import type { Identity } from "../../core/identity.ts";
import type { Provider } from "../../core/provider.ts";
import { type Session, wantsTouch } from "../../core/session.ts";
import { type Soon, whenKnown } from "../../core/soon.ts";
import { openSessionCookie } from "../../seal/session-cookie.ts";
import type { Deps } from "../deps.ts";
import type { Exchange } from "../exchange.ts";

/** The live session of the request's cookies at its provider; null without one. Rejects with Failure store_unavailable. */
export function sessionOf(deps: Deps, exchange: Exchange): Soon<Session | null> {
  const { provider, request } = exchange;
  const values = cookieValues(request.headers, provider.cookie.name);
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1) return oneOfSeveral(deps, exchange, values);
  return whenKnown(sessionIn(deps, provider, value), (session) => recognised(deps, exchange, session));
}

/** The session of one cookie value at its provider. */
function sessionIn(deps: Deps, { slug }: Provider, value: string): Soon<Session | null> {
  const opened = openSessionCookie(deps.keys, slug, value);
  if (!opened.ok) return null;
  return whenKnown(deps.sessions.get(opened.id), (session) => (session?.providerSlug === slug ? session : null));
}

async function oneOfSeveral(deps: Deps, exchange: Exchange, values: readonly string[]): Promise<Session | null> {
  const found = await Promise.all(values.map((value) => sessionIn(deps, exchange.provider, value)));
  const [first, ...others] = found.flatMap((session) => session ?? []);
  // two valid cookies of different users: an attacker may have set one of them in this browser (CK-03)
  if (first === undefined || others.some((other) => !isSamePerson(other.identity, first.identity))) return null;
  return recognised(deps, exchange, first);
}

/** The same session, once its use is noted. */
function recognised(deps: Deps, exchange: Exchange, session: Session | null): Soon<Session | null> {
  if (session === null) return null;
  deps.loops.recognised(() => browserOf(exchange));
  deps.refreshes.whenDue(deps, exchange.provider, session);
  if (session.idleSeconds === 0 || !wantsTouch(session, deps.now())) return session;
  return deps.sessions.touch(session.id, deps.now()).then(() => session);
}

/** The visitor that a session makes known. */
export function visitorOf(session: Session | null): Visitor {
  return session === null ? { kind: "anonymous" } : { kind: "known", identity: session.identity, via: "session" };
}

/** A key for a browser that returns no cookie: provider, client address and user agent (see login-loops.ts). */
export function browserOf(exchange: Exchange): string {
  const { request, provider } = exchange;
  return `${provider.slug}\n${request.clientAddress}\n${(firstValue(request.headers, "user-agent") ?? "").slice(0, 300)}`;
}

/** The key of a user in this outpost: issuer and subject (decision 11). */
export function personKey(identity: Pick<Identity, "issuer" | "subject">): string {
  return `${identity.issuer}\n${identity.subject}`;
}

function isSamePerson(left: Identity, right: Identity): boolean {
  return personKey(left) === personKey(right);
}
