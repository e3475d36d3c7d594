import { Failure } from "../core/failure.ts";
import { firstValue } from "../core/header-lines.ts";
import { rescued, whenKnown } from "../core/soon.ts";
import type { Pass, Reply, StreamLife, TunnelLife, WireHandler, WireRefusal } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import { empty } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { Outcome, Passage } from "./exchange.ts";
import { failureAnswer } from "./failure-answer.ts";
import { outcomeOf } from "./front.ts";
import { failurePage } from "./pages/failure-page.ts";
import { page } from "./pages/page.ts";
import { forClient } from "./proxy.ts";

/** Answers the heads of requests on a raw wire; `deps` gives the ones in force, which a reload replaces. */
export function wireHandler(deps: () => Deps): WireHandler {
  return (request) => {
    const startedAt = performance.now();
    const inForce = deps();
    const seconds = () => (performance.now() - startedAt) / 1000;
    return rescued<Reply>(
      () => whenKnown(outcomeOf(inForce, request), (outcome) => replyTo(inForce, outcome, seconds)),
      (error) => brokenReply(inForce, error),
    );
  };
}

/** Answers what never became a request, in plain text: nobody has said in which form it is wanted. */
export function wireRefusal(deps: () => Deps): WireRefusal {
  return ({ status, reason, peerAddress }) => {
    const { log, metrics, now, newRequestId } = deps();
    const id = newRequestId();
    log.info("request refused", { request_id: id, status, reason, client: peerAddress });
    metrics.request({ provider: "", verdict: "refused", status }, 0);
    const request = { id, host: "", hostSource: "Host", peerIsTrusted: false, time: now() } as const;
    const { headers, body } = page(failurePage("bad_request", { request, startUrl: null, issuerAnswer: null }), "text");
    return { status, headers, body };
  };
}

/** A fault of ours before there is an exchange to tell it by: it lets nobody in. */
function brokenReply(deps: Deps, error: unknown): Reply {
  deps.log.error("internal error", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const { headers, body } = empty(500, "failed");
  return { kind: "answer", answer: { status: 500, headers, body } };
}

function replyTo(deps: Deps, { result, request, provider }: Outcome, seconds: () => number): Reply {
  if (result.kind === "answer") {
    logAccess(deps, request, provider, result, seconds());
    return { kind: "answer", answer: result };
  }
  if (result.kind === "body") {
    const answer = async (body: string) => {
      const made = await result.answer(body);
      logAccess(deps, request, provider, made, seconds());
      return made;
    };
    return { kind: "read_body", mostBytes: result.mostBytes, answer };
  }
  const { identity } = result;
  const pass: Pass = {
    request: result.request,
    forClient,
    failed(code, reason) {
      const answer = failureAnswer(deps, result.exchange, new Failure(code, reason));
      logAccess(deps, request, provider, answer, seconds());
      return answer;
    },
    answered(status) {
      const verdict = identity === null ? "public" : "allowed";
      logAccess(deps, request, provider, { status, verdict, user: identity?.username ?? null }, seconds());
    },
  };
  return result.becomesWebSocket
    ? { kind: "tunnel", pass, life: tunnelLife(deps, result) }
    : { kind: "pass", pass, life: result.person === null ? null : streamLife(deps, result) };
}

/** An open tunnel is counted, and closed with its session, at a sign-out and at a stop. */
function tunnelLife(deps: Deps, { person, sessionId }: Passage): TunnelLife {
  let remove: (() => void) | null = null;
  return {
    opened(close) {
      deps.metrics.webSockets(1);
      remove = deps.liveStreams.add({ person, sessionId, close });
    },
    closed() {
      if (remove === null) return;
      remove();
      remove = null;
      deps.metrics.webSockets(-1);
    },
  };
}

/** An event stream may go on for days: it is cut with its session, or at its person's sign-out. Other answers end by themselves. */
function streamLife(deps: Deps, { person, sessionId }: Passage): StreamLife {
  return {
    begun(headers, cut) {
      const type = firstValue(headers, "content-type") ?? "";
      return /^\s*text\/event-stream\b/i.test(type) ? deps.liveStreams.add({ person, sessionId, close: cut }) : null;
    },
  };
}
