import type { HeaderLines } from "../core/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";

/** What an upstream answered. `headers` are already without hop-by-hop and framing fields that this hop consumed. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** An open WebSocket to an upstream. Text arrives as string, binary as bytes. */
export interface UpstreamWebSocket {
  readonly protocol: string; //                    "" when none was chosen
  send(message: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** Called once, with everything that arrived meanwhile delivered first. */
  attach(peer: WebSocketPeer): void;
}

/** The other side of an upstream's WebSocket. */
export interface WebSocketPeer {
  /** Returns how many bytes wait unsent towards the client. */
  message(data: string | Uint8Array): number;
  closed(code: number, reason: string): void;
}

/**
 * Sends what the core built. Throws `Failure`: upstream_unreachable, upstream_timeout, upstream_not_carried (what `fetch` cannot
 * send as it is: a body on GET or HEAD, a target that begins with `//`).
 */
export interface UpstreamClient {
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
