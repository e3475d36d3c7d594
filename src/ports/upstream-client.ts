import type { HeaderLines } from "../core/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";

/**
 * What an upstream answered. `headers` are without the fields that belonged to that hop (RFC 9110 7.6.1) and without its framing,
 * but with the Content-Length where the upstream gave one: it is that of `body`, or of the body a HEAD or 304 does not have.
 */
export interface UpstreamResponse {
  readonly status: number; //                      200-599
  readonly headers: HeaderLines;
  /** null: there is none (HEAD, 204, 205, 304). Fails when the upstream dies before its end; cancelling it closes that connection. */
  readonly body: ReadableStream<Uint8Array> | null;
  readonly ended: Promise<void>; //                nothing of the body is to come: delivered, failed or cancelled; never rejects
}

/** An open WebSocket to an upstream. Text arrives as string, binary as bytes. Nothing here throws. */
export interface UpstreamWebSocket {
  readonly protocol: string; //                    "" when none was chosen
  /** Sends one message; returns how many bytes wait unsent towards the upstream. Nothing after a close. */
  send(message: string | Uint8Array): number;
  /** Closes with `code` where it may be sent (1000-1014 but 1004-1006, 3000-4999); with 1001 in place of any other. */
  close(code: number, reason: string): void;
  /** Called once. What arrived meanwhile is delivered first, a close too. */
  attach(peer: WebSocketPeer): void;
  /** The client has taken what waited for it: goes on reading from the upstream. */
  drained(): void;
}

/** The other side of an upstream's WebSocket. */
export interface WebSocketPeer {
  /** Returns how many bytes wait unsent towards the client; past 1 MiB the upstream is not read until `drained`. */
  message(data: string | Uint8Array): number;
  /** The upstream has taken what waited for it: the client may be read again. Called only after `send` returned over 1 MiB. */
  drained(): void;
  /** Once, last, and not after `close`. `code` is one that may be sent on: 1005 arrives as 1000, 1006 (a lost connection) as 1001. */
  closed(code: number, reason: string): void;
}

/**
 * Sends what the core built. Throws `Failure`: upstream_unreachable, upstream_timeout, upstream_refused (no 101 to an upgrade),
 * upstream_not_carried (what `fetch` cannot send as it is: a body on GET or HEAD, a target it would rewrite, an unusual method),
 * bad_request (the client broke its body off).
 */
export interface UpstreamClient {
  /**
   * `request.headers` may hold the request's own Content-Length: with it the body is sent with that length, without it chunked.
   * `signal` is the client's: when it aborts, the upstream's connection is closed, in the middle of a body too.
   */
  send(
    request: UpstreamRequest,
    body: ReadableStream<Uint8Array> | null,
    signal: AbortSignal,
  ): Promise<UpstreamResponse>;
  /** Resolves when the upstream has accepted the upgrade. */
  openWebSocket(
    request: UpstreamRequest,
    protocols: readonly string[],
    signal: AbortSignal,
  ): Promise<UpstreamWebSocket>;
}
