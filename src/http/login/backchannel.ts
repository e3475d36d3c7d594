import { Failure, failureStatus } from "../../core/failure.ts";
import { firstValue } from "../../core/http/header-lines.ts";
import { unverifiedToken } from "../../core/identity/unverified-token.ts";
import type { Provider } from "../../core/provider.ts";
import type { LogoutNotice } from "../../ports/identity-provider.ts";
import { type Answer, empty, withHeaders } from "../answer.ts";
import type { Deps } from "../deps.ts";
import type { BodyWanted, Exchange } from "../exchange.ts";
import { unauthorized } from "../refusals.ts";
import { personKey } from "../visitor/visitor.ts";

/** A logout token is about 1 KiB. */
const mostBytes = 16 * 1024;

/**
 * `/backchannel-logout` (OIDC Back-Channel Logout 1.0 sections 2.5 to 2.8; OUT-03 to OUT-05): an issuer posts a logout token, and the
 * sessions that it names end at every provider of that issuer. Works on the host of any provider. No cookie is read.
 */
export function backchannelLogout(deps: Deps, exchange: Exchange): Answer | BodyWanted {
  if (exchange.dialect !== null) return unauthorized(deps, exchange); // a check has no body to read
  const { method, headers, clientAddress } = exchange.request;
  if (method !== "POST") return withHeaders(refusal(405, "only POST is accepted"), [["allow", "POST"]]);
  const wait = deps.logoutRate.waitOf(clientAddress);
  if (wait > 0) return withHeaders(refusal(429, "too many refused logout tokens"), [["retry-after", String(wait)]]);
  const [type = ""] = (firstValue(headers, "content-type") ?? "").toLowerCase().split(";", 1);
  if (type.trim() !== "application/x-www-form-urlencoded") return refuse(deps, exchange, "the body is not a form");
  return { kind: "body", mostBytes, answer: (body) => readForm(deps, exchange, body) };
}

async function readForm(deps: Deps, exchange: Exchange, body: string): Promise<Answer> {
  const tokens = new URLSearchParams(body).getAll("logout_token");
  const [token] = tokens;
  if (token === undefined || tokens.length > 1) return refuse(deps, exchange, "not exactly one logout_token");
  const provider = addressee(deps.providers, token);
  if (provider === null) return refuse(deps, exchange, "its iss and aud match no provider");
  try {
    const notice = await deps.idpOf(provider).readLogoutToken(token);
    if (!deps.seenLogouts.take(notice.issuer, notice.tokenId)) return refuse(deps, exchange, "its jti was seen before");
    return await end(deps, exchange, provider, notice);
  } catch (error) {
    return thrown(deps, exchange, error);
  }
}

/** A provider whose issuer and client the token names. All providers with the same issuer and client verify it alike. */
function addressee(providers: readonly Provider[], token: string): Provider | null {
  const unverified = unverifiedToken(token);
  if (unverified === null) return null;
  const { issuer, audiences } = unverified;
  return providers.find(({ oidc }) => oidc.issuer === issuer && audiences.includes(oidc.clientId)) ?? null;
}

/** `sid` names one session at the issuer, which may be a session here at each provider. Without it every session of the user ends (2.7). */
async function end(deps: Deps, exchange: Exchange, provider: Provider, notice: LogoutNotice): Promise<Answer> {
  const { issuer, idpSession, subject, tokenId } = notice;
  deps.credentials.forget({ issuer, subject, idpSession });
  try {
    const ended =
      idpSession !== null
        ? await deps.sessions.deleteByIdpSession(issuer, idpSession)
        : await deps.sessions.deleteBySubject(issuer, subject ?? "");
    // with a sid the user's other sessions go on, and so do their sockets; a sweep closes those of the ended sessions
    if (idpSession === null && subject !== null) {
      deps.liveStreams.closeOf(personKey({ issuer, subject }), 1008, "signed out");
    }
    deps.metrics.signOut({ provider: provider.slug });
    const { id } = exchange.request;
    const by = idpSession === null ? "sub" : "sid";
    deps.log.info("back-channel logout", { request_id: id, provider: provider.slug, by, sessions: ended });
    return empty(200, "sign_out");
  } catch (error) {
    deps.seenLogouts.giveBack(issuer, tokenId);
    throw error;
  }
}

/** An invalid token is the sender's fault. If the store or the issuer is unavailable it is not, and the issuer may try again. */
function thrown(deps: Deps, exchange: Exchange, error: unknown): Answer {
  if (error instanceof Failure && error.code === "idp_token_invalid") return refuse(deps, exchange, error.message);
  const { id } = exchange.request;
  if (!(error instanceof Failure)) {
    deps.log.error("internal error", { request_id: id, error: error instanceof Error ? (error.stack ?? "") : "" });
    return refusal(500, "internal error");
  }
  deps.log.warn("back-channel logout failed", { request_id: id, code: error.code, reason: error.message });
  return refusal(failureStatus[error.code], error.code);
}

function refuse(deps: Deps, exchange: Exchange, reason: string): Answer {
  const { id, clientAddress } = exchange.request;
  deps.logoutRate.failed(clientAddress);
  deps.log.warn("back-channel logout refused", { request_id: id, client: clientAddress, reason });
  return refusal(400, reason);
}

/** Section 2.8: JSON with error and error_description, not to be cached. `reason` contains nothing from the request. */
function refusal(status: number, reason: string): Answer {
  const error = status >= 500 ? "server_error" : "invalid_request";
  const answer = withHeaders(empty(status, status >= 500 ? "failed" : "refused"), [
    ["content-type", "application/json"],
  ]);
  return { ...answer, body: `${JSON.stringify({ error, error_description: reason })}\n` };
}
