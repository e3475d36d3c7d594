import { clearCookie } from "../../core/http/cookie.ts";
import type { HeaderLine } from "../../core/http/header-lines.ts";
import type { Session } from "../../core/session.ts";
import { type Answer, empty, withHeaders } from "../answer.ts";
import type { Deps } from "../deps.ts";
import type { Exchange } from "../exchange.ts";
import { sessionOf } from "../visitor/visitor.ts";

/**
 * `/frontchannel-logout?iss=…&sid=…` (OIDC Front-Channel Logout 1.0 section 2), in a frame of the issuer's page. If this browser's session is
 * the one that `iss` and `sid` name, it ends in the whole store, and a sweep closes its WebSockets. The page is always empty, so that another
 * site learns nothing. Most browsers send no cookie from a frame of another site: then nothing happens, and the issuer needs back-channel
 * logout. Throws Failure store_unavailable.
 */
export async function frontchannelLogout(deps: Deps, exchange: Exchange): Promise<Answer> {
  const { provider, request } = exchange;
  if (request.method !== "GET") return withHeaders(empty(405, "refused"), [["allow", "GET"]]);
  const session = await namedSession(deps, exchange);
  if (session === null) return page(exchange, []);
  const { issuer, subject, idpSession, username } = session.identity;
  const ended = await deps.sessions.deleteByIdpSession(issuer, idpSession ?? "");
  deps.credentials.forget({ issuer, subject, idpSession });
  deps.metrics.signOut({ provider: provider.slug });
  const fields = { request_id: request.id, provider: provider.slug, user: username, sessions: ended };
  deps.log.info("front-channel logout", fields);
  const cleared = clearCookie(provider.cookie.name, provider.cookie);
  return { ...page(exchange, cleared), user: username };
}

/** The session of this browser, if `iss` and `sid` are those of the session. Another site does not know a sid, so it cannot sign a user out. */
async function namedSession(deps: Deps, exchange: Exchange): Promise<Session | null> {
  const query = new URLSearchParams(exchange.target.query ?? "");
  const [issuer, ...otherIssuers] = query.getAll("iss");
  const [sid, ...otherSids] = query.getAll("sid");
  if (issuer === undefined || sid === undefined || sid === "" || otherIssuers.length + otherSids.length > 0)
    return null;
  const session = await sessionOf(deps, exchange);
  return session?.identity.issuer === issuer && session.identity.idpSession === sid ? session : null;
}

/** Only the issuer's pages may frame it. */
function page({ provider }: Exchange, setCookies: readonly string[]): Answer {
  const ancestors = new URL(provider.oidc.issuer).origin;
  return withHeaders(empty(200, "sign_out"), [
    ["content-type", "text/html; charset=utf-8"],
    ["content-security-policy", `default-src 'none'; frame-ancestors ${ancestors}`],
    ...setCookies.map((cookie): HeaderLine => ["set-cookie", cookie]),
  ]);
}
