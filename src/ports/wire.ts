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
  readonly serverName: string | null; //           SNI, lower case; null: plain HTTP, or none was sent
  readonly hasBody: boolean; //                    a Content-Length above 0 or chunked
}

/** What is to be done with a request: answered from here, passed on to an upstream, or turned into a tunnel to one. */
export type Reply =
  | { readonly kind: "answer"; readonly answer: WireAnswer }
  | ReadBody
  | { readonly kind: "pass"; readonly pass: Pass; readonly life: StreamLife | null }
  | { readonly kind: "tunnel"; readonly pass: Pass; readonly life: TunnelLife };

/** An answer of our own, whole. The wire adds Date, Content-Length and Connection; a body is dropped for HEAD, 204 and 304. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string; //                        text, sent as UTF-8; "": none
}

/**
 * Answered from here once its body is known. One of more than `mostBytes` is refused with 413, one that is not whole within ten seconds
 * with 408; `answer` gets it as text (UTF-8), "" where there is none. It never rejects.
 */
export interface ReadBody {
  readonly kind: "read_body";
  readonly mostBytes: number;
  readonly answer: (body: string) => Promise<WireAnswer>;
}

/** A request on its way to an upstream. */
export interface Pass {
  readonly request: UpstreamRequest; //            without framing fields; the wire adds those of the body it really sends
  /** Which of the upstream's header lines the client may see; hop-by-hop and framing fields are the wire's own business. */
  readonly forClient: (headers: HeaderLines) => HeaderLines;
  /** The page for a failure before the first byte of an answer went to the client. */
  failed(code: FailureCode, reason: string): WireAnswer;
  /** Called once, when the head of the answer has gone to the client. */
  answered(status: number): void;
}

/** The life of a passed answer, where somebody wants to be able to break it off. */
export interface StreamLife {
  /** Called with the head that goes to the client; `cut` breaks the answer off. What is given back is called once the answer has ended. */
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

/** The answer to what is no request that can be served: malformed, too large or too slow. `reason` holds nothing the client sent. */
export type WireRefusal = (refused: {
  readonly status: number;
  readonly reason: string;
  readonly peerAddress: string;
}) => WireAnswer;

/** The answer to a connection for which there is no room (503). Called once for each, also where it is cut without an answer. */
export type WireOverload = () => WireAnswer;
