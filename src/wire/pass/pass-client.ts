import type { HeaderLines } from "../../core/http/header-lines.ts";
import type { WireAnswer } from "../../ports/wire.ts";
import type { Framing } from "../message/framing.ts";

/** The head of an answer that comes from an upstream. */
export interface AnswerHead {
  readonly status: number; //                      200-599, or 101 when it opens a tunnel
  readonly reason: string; //                      as the upstream wrote it, "" too
  /** Every line but Connection, those of the framing too. The front adds Connection, and nothing that is there already. */
  readonly headers: HeaderLines;
  /**
   * What `write` carries after it. `none`: nothing (HEAD, 204, 304, a length of 0). `framed`: a body that says itself where it ends.
   * `until_close`: one that ends where the connection does. `tunnel`: the bytes of another protocol, both ways.
   */
  readonly body: "none" | "framed" | "until_close" | "tunnel";
}

/**
 * The client's side of a passed request: one exchange of its connection, as whoever passes the request sees it. Bytes given to `write` are
 * sent as they are, framing and all. After `endBody`, `answer`, `abort` or `endTunnel` nothing more is called.
 */
export interface ClientSide {
  readonly method: string;
  readonly version: "1.0" | "1.1";
  readonly framing: Framing;
  readonly expectsContinue: boolean; //            false in HTTP/1.0
  /**
   * May wait for the first bytes of the body, so that both go out in one piece; `flush`, `endBody` or `abort` follows in this turn. `spent`
   * is what nobody needs any more in front of those bytes, in one piece of memory with them: the head may be written over its end.
   */
  writeHead(head: AnswerHead, spent: Buffer): void;
  /** False: bytes wait, and `clientDrained` is to be called once none does. */
  write(bytes: Uint8Array): boolean;
  flush(): void;
  /** The answer is whole. The request's body may not be: then it is the front's to drain or to cut. */
  endBody(): void;
  /** An answer of our own in place of the upstream's: no head was written. */
  answer(answer: WireAnswer): void;
  /** After a head: breaks the transfer so that the client can tell. */
  abort(): void;
  /** 100 or 103 (RFC 9110 15.2). */
  informational(status: number, reason: string, headers: HeaderLines): void;
  pauseBody(): void;
  resumeBody(): void;
}

/** What the front tells whoever passes its request; each is a no-op once the exchange is over. */
export interface PassHandle {
  /** Payload of the request's body, its framing taken off; `bytes` are the receiver's to keep. */
  bodyChunk(bytes: Uint8Array): void;
  bodyEnd(): void;
  /** The client broke its body off, or its framing is wrong: the front answers, or cuts the connection. */
  bodyBroken(): void;
  clientDrained(): void;
  /** The client's connection is gone. */
  clientGone(): void;
}

/** The same for a tunnel, once `writeHead` was called with a body of `tunnel`. */
export interface TunnelHandle {
  /** Bytes that came after the request's head: kept back until the 101, and none of them given here where there is none (WS-04). */
  bytes(bytes: Uint8Array): void;
  /** The client will send no more (FIN); it may still read. */
  clientEnded(): void;
  clientDrained(): void;
  clientGone(): void;
}

/** The client's side of a request for a tunnel, which has no body; `pauseBody` and `resumeBody` are for the tunnel's bytes. */
export interface TunnelClient extends ClientSide {
  /** The upstream will send no more: what waits is sent, then FIN. Reading goes on, so this is no close of the socket. */
  endTunnel(): void;
}
