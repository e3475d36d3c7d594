import type { Dialect } from "../core/forward-auth/dialects.ts";
import type { InboundRequest } from "../core/request.ts";
import { rescued, type Soon, whenKnown } from "../core/soon.ts";
import { allowed } from "./allowed.ts";
import type { Answer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { BodyWanted, Exchange, Forward, Outcome } from "./exchange.ts";
import { failureAnswer, unknownHostPage } from "./refusals.ts";
import type { Routed } from "./routing.ts";

/** What serves a request of a known provider. May throw Failure, now or later. */
export type Endpoint = (deps: Deps, exchange: Exchange) => Soon<Outcome["result"]>;

/** What `endpoint` makes of a request. A failure becomes its page, never a 2xx. */
export function served(endpoint: Endpoint, { deps, arrival }: Routed): Soon<Outcome> {
  const { request, dialect, provider } = arrival;
  if (arrival.provider === null) return { result: noProvider(deps, request), request, provider };
  const exchange = arrival;
  const result = rescued<Outcome["result"]>(
    () => endpoint(deps, exchange),
    (error) => failureAnswer(deps, exchange, error),
  );
  return whenKnown(result, (made) => ({
    result: dialect === null ? made : inDialect(dialect, made),
    request,
    provider,
  }));
}

function noProvider(deps: Deps, request: InboundRequest): Answer {
  const { id, host, hostSource, peerAddress, peerIsTrusted } = request;
  const sender = { peer: peerAddress, peer_is_trusted: peerIsTrusted };
  deps.log.warn("no app for hostname", { request_id: id, host, host_source: hostSource, ...sender });
  return unknownHostPage(deps, request);
}

/**
 * The same for one of akproxy's own endpoints. Inside a check, a reverse proxy that cannot pass the endpoint's answer on lets the browser
 * through to the endpoint itself. The others pass the answer on; there a 2xx would let the request in.
 */
export function servedByUs(endpoint: Endpoint, routed: Routed): Soon<Outcome> {
  const { dialect } = routed.arrival;
  if (dialect === null) return served(endpoint, routed);
  return served(dialect.carriesOwnEndpoints ? withoutSuccess(endpoint) : letThrough, routed);
}

function letThrough(deps: Deps, exchange: Exchange): Answer {
  return allowed(deps, exchange, null);
}

function withoutSuccess(endpoint: Endpoint): Endpoint {
  return (deps, exchange) =>
    whenKnown(endpoint(deps, exchange), (made) =>
      made.kind === "answer" && made.status >= 200 && made.status < 300 ? { ...made, status: 403 } : made,
    );
}

/** The answer as the dialect's reverse proxy understands it: nginx makes a 500 of everything but 2xx, 401 and 403 (FWD-15). */
export function inDialect<Result extends Answer | Forward | BodyWanted>(
  dialect: Dialect,
  result: Result,
): Result | Answer {
  if (dialect.statuses === "any" || result.kind !== "answer") return result;
  switch (result.status) {
    case 200:
    case 401:
    case 403:
    case 500:
      return result;
    default:
      return { ...result, status: result.status >= 500 ? 500 : 401 };
  }
}
