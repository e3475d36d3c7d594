import type { HeaderLines } from "../../core/http/header-lines.ts";
import type { WireAnswer } from "../../ports/wire.ts";
import type { Framing } from "../message/framing.ts";
import type { ResponseHead } from "../message/response-head.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";

/** The head of an answer that comes from an upstream. */
export interface AnswerHead {
  readonly status: number; //                      200-599, or 101 if it opens a tunnel
  readonly reason: string; //                      as the upstream wrote it; may be ""
  /** Every line but Connection, including those of the framing. The client's side adds Connection. */
  readonly headers: HeaderLines;
  /**
   * What `write` carries after it. `none`: nothing (HEAD, 204, 304, a length of 0). `framed`: a body that states where it ends.
   * `until_close`: a body that ends with the connection. `tunnel`: the bytes of another protocol, both ways.
   */
  readonly body: "none" | "framed" | "until_close" | "tunnel";
}

/**
 * The client's side of a forwarded request. Bytes given to `write` are sent as they are, with their framing. After `endBody`, `answer`,
 * `abort` or `endTunnel` nothing more is called.
 */
export interface ClientSide {
  readonly method: string;
  readonly version: "1.0" | "1.1";
  readonly framing: Framing;
  readonly expectsContinue: boolean; //            false in HTTP/1.0
  keptConnection: UpstreamConnection | null; //    that of the client connection, where it may have logged in (decision 56)
  /**
   * May keep the head until the first bytes of the body, so that both go out in one piece; `flush`, `endBody` or `abort` follows in this
   * turn. `spent` is the used part of the buffer in front of those bytes: the head may be written over its end.
   */
  writeHead(head: AnswerHead, spent: Buffer): void;
  /** False: bytes wait, and `clientDrained` follows once none does. */
  write(bytes: Uint8Array): boolean;
  flush(): void;
  /** The answer is whole. The request's body may not be: the client's side then drains or cuts it. */
  endBody(): void;
  /** akproxy's own answer in place of the upstream's. Only before `writeHead`. */
  answer(answer: WireAnswer): void;
  /** After a head: breaks the transfer so that the client can tell. */
  abort(): void;
  /** 100 or 103 (RFC 9110 15.2). */
  informational(status: number, reason: string, headers: HeaderLines): void;
  pauseBody(): void;
  resumeBody(): void;
}

/** The upstream's side of a forwarded request. Each call does nothing once the exchange is over. */
export interface UpstreamSide {
  /** Payload of the request's body without its framing. The receiver may keep `bytes`. */
  bodyChunk(bytes: Uint8Array): void;
  bodyEnd(): void;
  /** The client broke its body off, or its framing is wrong. The client's side answers, or cuts the connection. */
  bodyBroken(): void;
  clientDrained(): void;
  /** The client's connection is gone. */
  clientGone(): void;
}

/** The client's side of a request for a tunnel, which has no body; `pauseBody` and `resumeBody` apply to the tunnel's bytes. */
export interface TunnelClient extends ClientSide {
  /** The upstream will send no more: sends what waits, then FIN. Reading goes on, so this does not close the socket. */
  endTunnel(): void;
}

/** The upstream's side of a tunnel, once `writeHead` was called with a body of `tunnel`. */
export interface TunnelUpstream {
  /** Bytes behind the request's head: kept back until the 101, and dropped if there is none (WS-04). */
  clientBytes(bytes: Uint8Array): void;
  /** The client will send no more (FIN); it may still read. */
  clientEnded(): void;
  clientDrained(): void;
  clientGone(): void;
}

/** Takes over when the upstream switches protocols. It checks the 101 itself; `rest` is what arrived behind it. */
export interface ProtocolSwitch {
  switched(head: ResponseHead, rest: Buffer): void;
}
