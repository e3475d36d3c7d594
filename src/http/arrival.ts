import { dialectOf } from "../core/forward-auth/dialects.ts";
import { type EdgeRefusal, readInbound } from "../core/http/inbound.ts";
import { judgeTarget } from "../core/http/judged-target.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Soon } from "../core/soon.ts";
import type { WireRequest } from "../ports/wire.ts";
import type { Deps } from "./deps.ts";
import type { Outcome } from "./exchange.ts";
import { badRequestPage } from "./refusals.ts";
import { type Router, routed } from "./routing.ts";
import { inDialect } from "./served.ts";

/** What becomes of a received request: refused at the edge, or what its route makes of it. Never 2xx for what went wrong. */
export function outcomeOf(router: Router, deps: Deps, raw: WireRequest): Soon<Outcome> {
  const inbound = readInbound(raw, deps.trustedProxies, deps.newRequestId());
  const { request } = inbound;
  if (inbound.kind === "refused") return refused(deps, request, null, inbound);
  const provider = deps.directory.choose(request.host);
  if (isMisdirected(deps, raw.serverName, request, provider)) return refused(deps, request, provider, misdirected);
  const target = judgeTarget(request.target);
  const facts = { request, sentHeaders: raw.headers, target, dialect: null, knownMethod: request.method };
  return router(routed(router, deps, provider === null ? { ...facts, provider } : { ...facts, provider }));
}

const misdirected: EdgeRefusal = {
  status: 421,
  reason: "the connection was opened with another provider's certificate",
};

/**
 * Did the client open the connection with the certificate of one provider and now asks another one? A browser may reuse a connection so
 * (RFC 9110 7.4), and the certificate that it verified is not the one of the provider that would answer (TLS-03). A trusted proxy's
 * X-Forwarded-Host says nothing about the name that it connected to.
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

function refused(
  deps: Deps,
  request: InboundRequest,
  provider: Provider | null,
  { status, reason }: EdgeRefusal,
): Outcome {
  deps.log.info("request refused", { request_id: request.id, status, reason, client: request.clientAddress });
  const answer = { ...badRequestPage(deps, request), status };
  const dialect = dialectOf(judgeTarget(request.target).path);
  return { result: dialect === null ? answer : inDialect(dialect, answer), request, provider };
}
