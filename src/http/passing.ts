import { Failure, type FailureCode } from "../core/failure.ts";
import { firstValue, type HeaderLines } from "../core/http/header-lines.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Forwarding, StreamLife, TunnelLife, WireAnswer } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import type { Deps } from "./deps.ts";
import type { Passage } from "./exchange.ts";
import { failureAnswer } from "./failure-answer.ts";
import { forClient } from "./proxy.ts";

/** A request on its way to its application: its functions are shared by all and find theirs by `this`, so that it costs one object. */
export interface Passing extends Forwarding, StreamLife {
  readonly deps: Deps;
  readonly passage: Passage;
  readonly asked: InboundRequest;
  readonly provider: Provider | null;
  readonly startedAt: number; //                   by performance.now()
}

/** What the wire needs to pass a request on, log line and metrics included. */
export function passing(
  deps: Deps,
  passage: Passage,
  asked: InboundRequest,
  provider: Provider | null,
  startedAt: number,
): Passing {
  return { deps, passage, asked, provider, startedAt, request: passage.request, forClient, failed, answered, begun };
}

/** How long ago `startedAt` was. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

function failed(this: Passing, code: FailureCode, reason: string): WireAnswer {
  const answer = failureAnswer(this.deps, this.passage.exchange, new Failure(code, reason));
  logAccess(this.deps, this.asked, this.provider, answer, secondsSince(this.startedAt));
  return answer;
}

function answered(this: Passing, status: number): void {
  const { identity } = this.passage;
  const verdict = identity === null ? "public" : "allowed";
  const answer = { status, verdict, user: identity?.username ?? null } as const;
  logAccess(this.deps, this.asked, this.provider, answer, secondsSince(this.startedAt));
}

/** An event stream may go on for days: it is cut with its session, or at its person's sign-out. Other answers end by themselves. */
function begun(this: Passing, headers: HeaderLines, stream: { cut(): void }): (() => void) | null {
  const type = firstValue(headers, "content-type") ?? "";
  if (!/^\s*text\/event-stream\b/i.test(type)) return null;
  const { person, sessionId } = this.passage;
  return this.deps.liveStreams.add({ person, sessionId, close: () => stream.cut() });
}

/** An open tunnel is counted, and closed with its session, at a sign-out and at a stop. */
export function tunnelLife(deps: Deps, { person, sessionId }: Passage): TunnelLife {
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
