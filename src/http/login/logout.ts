import { signOutPath } from "../../core/decide/endpoint.ts";
import { homeOf, startUrl } from "../../core/decide/return-to.ts";
import { clearCookie } from "../../core/http/cookie.ts";
import { firstValue } from "../../core/http/header-lines.ts";
import type { InboundRequest } from "../../core/request.ts";
import type { Session } from "../../core/session.ts";
import { type Answer, pageAnswer, redirect, withHeaders } from "../answer.ts";
import type { Deps } from "../deps.ts";
import { type Exchange, pageRequest } from "../exchange.ts";
import { failurePage } from "../pages/failure-page.ts";
import { signedOut, signOutConfirm } from "../pages/sign-out-pages.ts";
import { personKey, sessionOf } from "../visitor/visitor.ts";

/**
 * `/sign_out`: ends every session of this user in the whole store, closes their WebSockets, clears the cookie and redirects to the
 * issuer's end_session endpoint (decision 11). Without a session the cookie is cleared and the signed-out page shown (decision 28).
 * If another site or a subresource requests it, the user confirms first (OUT-01). No parameter is read (RED-05). Throws Failure
 * store_unavailable.
 */
export async function signOut(deps: Deps, exchange: Exchange): Promise<Answer> {
  const { provider, request } = exchange;
  if (request.method !== "GET" && request.method !== "POST") return methodNotAllowed(deps, exchange);
  const session = await sessionOf(deps, exchange);
  const cleared = clearCookie(provider.cookie.name, provider.cookie).map((cookie) => ["set-cookie", cookie] as const);
  if (session === null) return withHeaders(signedOutPage(deps, exchange), cleared);
  if (!isWanted(request)) return confirmPage(deps, exchange);
  await endSessions(deps, exchange, session);
  const location = await endSessionUrl(deps, exchange, session);
  return location === null
    ? withHeaders({ ...signedOutPage(deps, exchange), user: session.identity.username }, cleared)
    : withHeaders({ ...redirect(location, "sign_out"), user: session.identity.username }, cleared);
}

/** A typed address, a link on the same site, or akproxy's own form: a sign-out that only the user can have started. */
function isWanted(request: InboundRequest): boolean {
  const site = firstValue(request.headers, "sec-fetch-site");
  const destination = firstValue(request.headers, "sec-fetch-dest");
  return site !== "cross-site" && (destination === null || destination === "document");
}

async function endSessions(deps: Deps, exchange: Exchange, session: Session): Promise<void> {
  const { issuer, subject, username } = session.identity;
  const ended = await deps.sessions.deleteBySubject(issuer, subject);
  deps.credentials.forget({ issuer, subject, idpSession: null });
  deps.liveStreams.closeOf(personKey(session.identity), 1008, "signed out");
  deps.metrics.signOut({ provider: exchange.provider.slug });
  const { id } = exchange.request;
  deps.log.info("sign out", { request_id: id, provider: exchange.provider.slug, user: username, sessions: ended });
}

/** A user can sign out here even while the issuer is unreachable. */
async function endSessionUrl(deps: Deps, exchange: Exchange, session: Session): Promise<string | null> {
  try {
    return await deps.idpOf(exchange.provider).endSessionUrl(session.identity.rawToken);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn("sign out: the issuer's own session is not ended", { request_id: exchange.request.id, reason });
    return null;
  }
}

function signedOutPage(deps: Deps, exchange: Exchange): Answer {
  const { provider, request } = exchange;
  const spec = signedOut({
    request: pageRequest(request, deps.now()),
    startUrl: startUrl(provider, homeOf(provider)),
  });
  return pageAnswer(spec, request, "sign_out");
}

/** The form's answer may redirect to the issuer, which may redirect to unknown origins: so any https target, and http for an http issuer. */
function confirmPage(deps: Deps, exchange: Exchange): Answer {
  const { provider, request } = exchange;
  const targets = ["https:", ...(provider.oidc.issuer.startsWith("http:") ? ["http:"] : [])];
  const facts = { request: pageRequest(request, deps.now()), action: signOutPath, fields: [], targets };
  return pageAnswer(signOutConfirm(facts), request, "sign_out");
}

function methodNotAllowed(deps: Deps, exchange: Exchange): Answer {
  const facts = { request: pageRequest(exchange.request, deps.now()), startUrl: null, issuerAnswer: null };
  const answer = pageAnswer(failurePage("bad_request", facts), exchange.request, "sign_out");
  return withHeaders({ ...answer, status: 405 }, [["allow", "GET, POST"]]);
}
