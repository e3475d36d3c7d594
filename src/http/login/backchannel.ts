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
 * `/backchannel-logout` (OIDC Back-Channel Logout 1.0 sections 2.5 to 2.8; OUT-03 to OUT-05): an issuer posts a logout token and the
 * sessions it names end, at every provider of that issuer. On any host of ours. Nothing of the visitor's cookies is looked at.
 */
export function backchannelLogout(deps: Deps, exchange: Exchange): Answer | BodyWanted {
  if (exchange.dialect !== null) return unauthorized(deps, exchange); // a check has no body to read
  const { method, headers, clientAddress } = exchange.request;
  if (method !== "POST") return withHeaders(refusal(405, "only POST is taken here"), [["allow", "POST"]]);
  const wait = deps.logoutRate.waitOf(clientAddress);
  if (wait > 0) return withHeaders(refusal(429, "too many refused logout tokens"), [["retry-after", String(wait)]]);
  const [type = ""] = (firstValue(headers, "content-type") ?? "").toLowerCase().split(";", 1);
  if (type.trim() !== "application/x-www-form-urlencoded") return refuse(deps, exchange, "the body is no form");
  return { kind: "body", mostBytes, answer: (body) => readForm(deps, exchange, body) };
}

async function readForm(deps: Deps, exchange: Exchange, body: string): Promise<Answer> {
  const tokens = new URLSearchParams(body).getAll("logout_token");
  const [token] = tokens;
  if (token === undefined || tokens.length > 1) return refuse(deps, exchange, "not exactly one logout_token");
  const provider = addressee(deps.providers, token);
  if (provider === null) return refuse(deps, exchange, "its iss and aud are those of no provider");
  try {
    const notice = await deps.idpOf(provider).readLogoutToken(token);
    if (!deps.seenLogouts.take(notice.issuer, notice.tokenId)) return refuse(deps, exchange, "its jti was seen before");
    return await end(deps, exchange, provider, notice);
  } catch (error) {
    return thrown(deps, exchange, error);
  }
}

/** Whose client the token says it is for. Providers of one client at one issuer verify it alike. */
function addressee(providers: readonly Provider[], token: string): Provider | null {
  const said = unverifiedToken(token);
  const isMeant = ({ oidc }: Provider) => oidc.issuer === said?.issuer && said.audiences.includes(oidc.clientId);
  return providers.find(isMeant) ?? null;
}

/** `sid` names one session at the issuer, which may be one here at each provider; without it every session of the person is meant (2.7). */
async function end(deps: Deps, exchange: Exchange, provider: Provider, notice: LogoutNotice): Promise<Answer> {
  const { issuer, idpSession, subject, tokenId } = notice;
  deps.credentials.forget({ issuer, subject, idpSession });
  try {
    const ended =
      idpSession !== null
        ? await deps.sessions.deleteByIdpSession(issuer, idpSession)
        : await deps.sessions.deleteBySubject(issuer, subject ?? "");
    // with a sid others of this person's sessions go on, and so do their sockets; those of the ended ones are swept
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

/** A bad token is the sender's fault; a store or an issuer that is away is not, and the issuer may try again. */
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

/** Section 2.8: JSON with error and error_description; not to be stored. `reason` holds nothing that was sent. */
function refusal(status: number, reason: string): Answer {
  const error = status >= 500 ? "server_error" : "invalid_request";
  const answer = withHeaders(empty(status, status >= 500 ? "failed" : "refused"), [
    ["content-type", "application/json"],
  ]);
  return { ...answer, body: `${JSON.stringify({ error, error_description: reason })}\n` };
}
