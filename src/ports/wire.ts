import type { FailureCode } from "../core/failure.ts";
import type { HeaderLines } from "../core/http/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream/upstream-request.ts";

/** A request's head as it stood on the wire: nothing normalised, nothing joined, names and values as sent (one UTF-16 unit a byte). */
export interface WireRequest {
  readonly method: string;
  readonly target: string; //                      the request target as received; origin-form, or `*` of OPTIONS
  readonly headers: HeaderLines; //                with Host, exactly one in HTTP/1.1
  readonly scheme: "http" | "https"; //            by TLS on this hop
  readonly peerAddress: string; //                 "" for a unix socket
  readonly serverName: string | null; //           SNI, lower case; null: plain HTTP, or the client sent none
  readonly hasBody: boolean; //                    a Content-Length above 0 or chunked
}

/** What the wire does with a request: answer it from here, forward it to an upstream, or open a tunnel to one. */
export type Reply =
  | { readonly kind: "answer"; readonly answer: WireAnswer }
  | ReadBody
  | { readonly kind: "forward"; readonly forwarding: Forwarding; readonly life: StreamLife | null }
  | { readonly kind: "tunnel"; readonly forwarding: Forwarding; readonly life: TunnelLife };

/** akproxy's own answer, whole. The wire adds Date, Content-Length and Connection. It drops a body for HEAD, 204 and 304. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string; //                        text, sent as UTF-8; "": none
}

/**
 * Answered from here once the request's body is known. The wire refuses a body of more than `mostBytes` with 413, and one that is not
 * whole within ten seconds with 408. `answer` gets the body as text (UTF-8), "" if there is none. It never rejects.
 */
export interface ReadBody {
  readonly kind: "read_body";
  readonly mostBytes: number;
  readonly answer: (body: string) => Promise<WireAnswer>;
}

/** A request that the wire forwards to an upstream. */
export interface Forwarding {
  readonly request: UpstreamRequest; //            without framing fields; the wire adds those of the body that it really sends
  /** Which of the upstream's header lines the client may see. The wire itself handles hop-by-hop and framing fields. */
  readonly forClient: (headers: HeaderLines) => HeaderLines;
  /**
   * The user for whom a connection that may be logged in (NTLM, Negotiate) is kept, besides the client connection; null: the client
   * connection may carry several users that cannot be told apart, so the connection is closed.
   */
  connectionOwner(): string | null;
  /** The page for a failure before the first byte of an answer went to the client. */
  failed(code: FailureCode, reason: string): WireAnswer;
  /** Called once, when the head of the answer has gone to the client. */
  answered(status: number): void;
}

/** Lets the handler break off a forwarded answer. */
export interface StreamLife {
  /** Called with the head that goes to the client; `cut` breaks the answer off. The wire calls the returned function once, when the answer has ended. */
  begun(headers: HeaderLines, stream: { cut(): void }): (() => void) | null;
}

/** The life of a tunnel (a WebSocket). */
export interface TunnelLife {
  /** Called once the upstream's 101 was valid and has gone to the client; `close` ends the tunnel from our side with a close frame. */
  readonly opened: (close: (code: number, reason: string) => void) => void;
  readonly closed: () => void;
}

/** Answers a request's head. Never throws and never rejects. */
export type WireHandler = (request: WireRequest) => Reply | Promise<Reply>;

/** The answer to a message that cannot be served: malformed, too large or too slow. `reason` contains nothing that the client sent. */
export type WireRefusal = (refused: {
  readonly status: number;
  readonly reason: string;
  readonly peerAddress: string;
}) => WireAnswer;

/** The answer (503) to a connection above the limit. Called once for each, also if akproxy cuts it without an answer. */
export type WireOverload = () => WireAnswer;
