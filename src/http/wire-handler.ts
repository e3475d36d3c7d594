import { dialectOf } from "../core/forward-auth/dialects.ts";
import { type EdgeRefusal, readInbound } from "../core/http/inbound.ts";
import { judgeTarget } from "../core/http/judged-target.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Soon } from "../core/soon.ts";
import type { Reply, WireHandler, WireRefusal, WireRequest } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import { empty, inDialect } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { Outcome } from "./exchange.ts";
import { LoggedForwarding, secondsSince, tunnelLife } from "./forwarding.ts";
import { failurePage } from "./pages/failure-page.ts";
import { page } from "./pages/page.ts";
import { badRequestPage } from "./refusals.ts";
import { type Router, routed } from "./routing.ts";

/** The wire's handler of the outpost. `deps` gives those in force, which a reload replaces. */
export function wireHandler(router: Router, deps: () => Deps): WireHandler {
  return (request) => {
    const startedAt = performance.now();
    const inForce = deps();
    try {
      const outcome = outcomeOf(router, inForce, request);
      if (!(outcome instanceof Promise)) return replyTo(inForce, outcome, startedAt);
      const reply = outcome.then((made) => replyTo(inForce, made, startedAt));
      return reply.catch((error: unknown) => brokenReply(inForce, error));
    } catch (error) {
      return brokenReply(inForce, error);
    }
  };
}

/** The outcome of a received request: refused at the edge, or decided by its route. Never 2xx for an error. */
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
 * Did the client open the connection with one provider's certificate and now sends a request to another provider? A browser may reuse a
 * connection like that (RFC 9110 7.4), although it never verified the other provider's certificate (TLS-03). A trusted proxy's
 * X-Forwarded-Host is not the name that it connected to, so it does not count.
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

/** Answers a message that is not a request, in plain text: it does not name the form that the client wants. */
export function wireRefusal(deps: () => Deps): WireRefusal {
  return ({ status, reason, peerAddress }) => {
    const { log, metrics, now, newRequestId } = deps();
    const id = newRequestId();
    if (status === 500) log.error("internal error", { request_id: id, error: reason, client: peerAddress });
    else log.info("request refused", { request_id: id, status, reason, client: peerAddress });
    metrics.request({ provider: "", verdict: "refused", status }, 0);
    const request = { id, host: "", hostSource: "Host", peerIsTrusted: false, time: now() } as const;
    const { headers, body } = page(failurePage("bad_request", { request, startUrl: null, issuerAnswer: null }), "text");
    return { status, headers, body };
  };
}

/** An internal error outside of any endpoint. It lets no request in. */
function brokenReply(deps: Deps, error: unknown): Reply {
  deps.log.error("internal error", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const { headers, body } = empty(500, "failed");
  return { kind: "answer", answer: { status: 500, headers, body } };
}

function replyTo(deps: Deps, outcome: Outcome, startedAt: number): Reply {
  const { result, request, provider } = outcome;
  if (result.kind === "answer") {
    logAccess(deps, request, provider, result, secondsSince(startedAt));
    return { kind: "answer", answer: result };
  }
  if (result.kind === "body") {
    const answer = async (body: string) => {
      const made = await result.answer(body);
      logAccess(deps, request, provider, made, secondsSince(startedAt));
      return made;
    };
    return { kind: "read_body", mostBytes: result.mostBytes, answer };
  }
  const forwarding = new LoggedForwarding(deps, result, outcome, startedAt);
  return result.becomesWebSocket
    ? { kind: "tunnel", forwarding, life: tunnelLife(deps, result) }
    : { kind: "forward", forwarding, life: result.person === null ? null : forwarding };
}
