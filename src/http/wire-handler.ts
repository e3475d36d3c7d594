import type { Reply, WireHandler, WireRefusal } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import { empty } from "./answer.ts";
import { outcomeOf } from "./arrival.ts";
import type { Deps } from "./deps.ts";
import type { Outcome } from "./exchange.ts";
import { LoggedForwarding, secondsSince, tunnelLife } from "./forwarding.ts";
import { failurePage } from "./pages/failure-page.ts";
import { page } from "./pages/page.ts";
import type { Router } from "./routing.ts";

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

/** Answers a message that is not a request, in plain text: it does not say which form it asks for. */
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
