import { Failure, type FailureCode } from "../core/failure.ts";
import { isForwardedName } from "../core/http/forwarded.ts";
import { firstValue, type HeaderLines } from "../core/http/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream/upstream-request.ts";
import type { Forwarding, StreamLife, TunnelLife, WireAnswer } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import type { Deps } from "./deps.ts";
import type { Forward, Outcome } from "./exchange.ts";
import { forClient } from "./proxy.ts";
import { failureAnswer } from "./refusals.ts";
import { personKey } from "./visitor/visitor.ts";

/** What the wire needs to forward a request. One object, whose methods log and count the request and make the page of a failure. */
export class LoggedForwarding implements Forwarding, StreamLife {
  readonly request: UpstreamRequest;
  readonly forClient = forClient;
  readonly #deps: Deps;
  readonly #forward: Forward;
  readonly #outcome: Outcome;
  readonly #startedAt: number; //                  by performance.now()

  constructor(deps: Deps, forward: Forward, outcome: Outcome, startedAt: number) {
    this.request = forward.request;
    this.#deps = deps;
    this.#forward = forward;
    this.#outcome = outcome;
    this.#startedAt = startedAt;
  }

  /** A reverse proxy sends requests of many users on one connection: there, only a logged-in user is known. */
  connectionOwner(): string | null {
    const { identity, exchange } = this.#forward;
    if (identity !== null) return personKey(identity);
    return exchange.sentHeaders.some(([name]) => isOfProxy(name.toLowerCase())) ? null : "";
  }

  failed(code: FailureCode, reason: string): WireAnswer {
    const answer = failureAnswer(this.#deps, this.#forward.exchange, new Failure(code, reason));
    this.#log(answer);
    return answer;
  }

  answered(status: number): void {
    const { identity } = this.#forward;
    this.#log({ status, label: identity === null ? "public" : "allowed", user: identity?.username ?? null });
  }

  /** An event stream may last for days, so it ends with its session or at its user's sign-out. Other answers end by themselves. */
  begun(headers: HeaderLines, stream: { cut(): void }): (() => void) | null {
    const type = firstValue(headers, "content-type") ?? "";
    if (!/^\s*text\/event-stream\b/i.test(type)) return null;
    const { person, sessionId } = this.#forward;
    return this.#deps.liveStreams.add({ person, sessionId, close: () => stream.cut() });
  }

  #log(answer: Parameters<typeof logAccess>[3]): void {
    const { request, provider } = this.#outcome;
    logAccess(this.#deps, request, provider, answer, secondsSince(this.#startedAt));
  }
}

function isOfProxy(lowerCaseName: string): boolean {
  return lowerCaseName === "via" || isForwardedName(lowerCaseName);
}

/** How long ago `startedAt` was. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

/** Counts an open tunnel, and closes it with its session, at its user's sign-out and at a stop. */
export function tunnelLife(deps: Deps, { person, sessionId }: Forward): TunnelLife {
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
