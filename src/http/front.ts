import { endpointOf } from "../core/decide/endpoint.ts";
import { dialectOf } from "../core/forward-auth/dialects.ts";
import { readInbound } from "../core/http/inbound.ts";
import { judgeTarget } from "../core/http/judged-target.ts";
import { isNavigation } from "../core/http/navigation.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import { rescued, type Soon, whenKnown } from "../core/soon.ts";
import type { WireRequest } from "../ports/wire.ts";
import { type Answer, empty, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type BodyWanted, type Exchange, type Outcome, type Passage, pageRequest } from "./exchange.ts";
import { failureAnswer } from "./failure-answer.ts";
import { backchannelLogout } from "./login/backchannel.ts";
import { finishLogin, startedHere } from "./login/callback.ts";
import { frontchannelLogout } from "./login/frontchannel.ts";
import { startEndpoint } from "./login/login.ts";
import { signOut } from "./login/logout.ts";
import { failurePage } from "./pages/failure-page.ts";
import { notFound } from "./pages/not-found-page.ts";
import { unknownHost } from "./pages/unknown-host-page.ts";
import { proxy } from "./proxy.ts";
import { unauthorized } from "./refusals.ts";
import { inDialect, verdict } from "./verdict.ts";

/** Decides what becomes of a request, whatever it is: never throws, never 2xx for what went wrong. */
export function outcomeOf(deps: Deps, raw: WireRequest): Soon<Outcome> {
  const inbound = readInbound(raw, deps.trustedProxies, deps.newRequestId());
  const { request } = inbound;
  const sentHeaders = raw.headers;
  const target = judgeTarget(request.target);
  const dialect = dialectOf(target.path);
  if (inbound.kind === "refused") {
    const answer = refusedAnswer(deps, request, inbound.status, inbound.reason);
    return { result: dialect === null ? answer : inDialect(dialect, answer), request, provider: null };
  }
  const provider = deps.directory.choose(request.host);
  if (isMisdirected(deps, raw.serverName, request, provider)) {
    const answer = refusedAnswer(deps, request, 421, "the certificate that was asked for is another provider's");
    return { result: dialect === null ? answer : inDialect(dialect, answer), request, provider };
  }
  // a path of a verdict endpoint on the host of an application that we proxy is a path of that application (authentik: the same), unless a
  // trusted peer asks: it may pass on a client's X-Forwarded-Host, and an upstream's 200 would be taken for a verdict
  if (dialect !== null && (provider?.mode !== "proxy" || request.peerIsTrusted)) {
    return verdict(deps, { request, sentHeaders, target }, dialect);
  }
  if (provider === null) return { result: unknownHostAnswer(deps, request), request, provider };
  const exchange = { request, sentHeaders, target, provider };
  const result = rescued<Outcome["result"]>(
    () => route(deps, exchange),
    (error) => failureAnswer(deps, exchange, error),
  );
  return whenKnown(result, (made) => ({ result: made, request, provider }));
}

/**
 * Was the connection opened with the certificate of one provider to ask another one? A browser may reuse it so (RFC 9110 7.4), and what
 * was verified then is not what is served (TLS-03). A trusted proxy's X-Forwarded-Host says nothing about the name it connected to.
 */
function isMisdirected(
  deps: Deps,
  serverName: string | null,
  request: InboundRequest,
  provider: Provider | null,
): boolean {
  if (serverName === null || request.hostSource !== "Host") return false;
  const named = deps.directory.choose(serverName);
  if (named === null || named === provider) return false;
  return named.certificate !== null || (provider !== null && provider.certificate !== null);
}

/** The URL map. Every branch answers; a failure in one becomes its page. */
function route(deps: Deps, exchange: Exchange): Soon<Answer | Passage | BodyWanted> {
  switch (endpointOf(exchange.target)) {
    case "ping":
      return empty(204, "ping");
    case "start":
      // an image or script of another site must not start logins that push out those under way (decision 9)
      return isNavigation(exchange.request.method, exchange.request.headers)
        ? startEndpoint(deps, exchange)
        : unauthorized(deps, exchange);
    case "backchannel_logout":
      return backchannelLogout(deps, exchange);
    case "frontchannel_logout":
      return frontchannelLogout(deps, exchange);
    case "callback":
      return finishLogin(deps, exchange);
    case "sign_out":
      return signOut(deps, exchange);
    case "flagged_callback":
      return startedHere(deps, exchange) ? finishLogin(deps, exchange) : application(deps, exchange);
    case "none":
      return application(deps, exchange);
  }
}

function application(deps: Deps, exchange: Exchange): Soon<Answer | Passage> {
  const { provider, request } = exchange;
  if (provider.mode === "proxy") return proxy(deps, exchange, provider);
  return pageAnswer(notFound(pageRequest(request, deps.now())), request, "refused");
}

function refusedAnswer(deps: Deps, request: InboundRequest, status: number, reason: string): Answer {
  deps.log.info("request refused", { request_id: request.id, status, reason, client: request.clientAddress });
  const facts = { request: pageRequest(request, deps.now()), startUrl: null, issuerAnswer: null };
  const answer = pageAnswer(failurePage("bad_request", facts), request, "refused");
  return { ...answer, status };
}

function unknownHostAnswer(deps: Deps, request: InboundRequest): Answer {
  if (endpointOf(judgeTarget(request.target)) === "ping") return empty(204, "ping");
  const { id, host, hostSource, peerAddress, peerIsTrusted } = request;
  const sender = { peer: peerAddress, peer_is_trusted: peerIsTrusted };
  deps.log.warn("no app for hostname", { request_id: id, host, host_source: hostSource, ...sender });
  return pageAnswer(unknownHost(pageRequest(request, deps.now())), request, "refused");
}
