import type { Dialect } from "../core/forward-auth/dialects.ts";
import type { OriginalRequest, OriginalUrl } from "../core/forward-auth/original-url.ts";
import { judgeTarget } from "../core/http/judged-target.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Soon } from "../core/soon.ts";
import { type Answer, empty, inDialect, withHeaders } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { Exchange, Outcome } from "./exchange.ts";
import { badRequestPage, unknownHostPage } from "./refusals.ts";
import { type Routed, routed } from "./routing.ts";

/**
 * Answers a reverse proxy that asks for a verdict: 2xx lets the request in, every other status does not. Only trusted peers get a verdict
 * (decision 7; FWD-02). A check without a readable original URL is refused (decision 25). The original request takes the way of every
 * other request from here: through the URL map.
 */
export function check(dialect: Dialect, { deps, arrival, router }: Routed): Soon<Outcome> {
  const { request, sentHeaders } = arrival;
  if (!request.peerIsTrusted) return { result: untrusted(deps, request), request, provider: null };
  const { method, scheme, target } = request;
  const url = dialect.originalUrl({ method, scheme, target, headers: sentHeaders });
  if (url.kind === "missing" && arrival.provider?.mode === "proxy") {
    const answer = unknownApplication(deps, request, request);
    return { result: inDialect(dialect, answer), request, provider: arrival.provider };
  }
  if (url.kind !== "known") {
    return { result: inDialect(dialect, unknownOriginal(deps, request, dialect, url)), request, provider: null };
  }
  const original = originalRequest(request, url.original);
  const provider = deps.directory.choose(original.host);
  if (provider === null || provider.mode === "proxy") {
    const answer = unknownApplication(deps, original, url.original);
    return { result: inDialect(dialect, answer), request: original, provider };
  }
  const exchange: Exchange = {
    request: original,
    sentHeaders,
    target: judgeTarget(original.target),
    provider,
    dialect,
    knownMethod: url.original.method,
  };
  return router(routed(router, deps, exchange));
}

/**
 * The browser's request, made of the check. Without a method it counts as a GET (authentik: the same), but the rules know that the method is
 * unknown. The fields are spelled out because a spread costs as much as three header lines.
 */
function originalRequest(request: InboundRequest, original: OriginalRequest): InboundRequest {
  const { id, headers, hostSource, clientAddress, peerAddress, peerIsTrusted } = request;
  const { scheme, host, hostHeader, target } = original;
  const method = original.method || "GET";
  return {
    id,
    method,
    scheme,
    host,
    hostHeader,
    hostSource,
    target,
    headers,
    clientAddress,
    peerAddress,
    peerIsTrusted,
  };
}

function untrusted(deps: Deps, request: InboundRequest): Answer {
  deps.log.warn("verdict refused: the peer is not trusted", {
    request_id: request.id,
    peer: request.peerAddress,
    hint: `if it is your reverse proxy, add "${request.peerAddress}" to listen.trusted_proxies`,
  });
  return { ...badRequestPage(deps, request), status: 403 };
}

/** authentik answers a check without the original URL with 500 and this text, which users search for. */
function unknownOriginal(
  deps: Deps,
  request: InboundRequest,
  dialect: Dialect,
  url: Exclude<OriginalUrl, { kind: "known" }>,
): Answer {
  const fields = { request_id: request.id, dialect: dialect.name, peer: request.peerAddress };
  if (url.kind === "malformed") {
    deps.log.warn("verdict refused: the original URL is malformed", { ...fields, header: url.header });
    return badRequestPage(deps, request);
  }
  deps.log.error("configuration error: the reverse proxy does not send the original URL", {
    ...fields,
    missing: url.headers.join(", "),
    hint: `compare its configuration with: akproxy snippet ${dialect.snippet} SLUG`,
  });
  const answer = withHeaders(empty(500, "failed"), [["content-type", "text/plain; charset=utf-8"]]);
  return { ...answer, body: "configuration error\n" };
}

function unknownApplication(deps: Deps, request: InboundRequest, original: Pick<OriginalRequest, "host">): Answer {
  deps.log.warn("verdict refused: no forward auth provider for the host", {
    request_id: request.id,
    host: original.host,
  });
  return unknownHostPage(deps, request);
}
