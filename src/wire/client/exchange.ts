import { firstValue, type HeaderLines } from "../../core/http/header-lines.ts";
import type { Reply, StreamLife, WireAnswer } from "../../ports/wire.ts";
import type { AnswerHead, TunnelClient, TunnelUpstream, UpstreamSide } from "../forward/sides.ts";
import { openTunnel } from "../forward/tunnel.ts";
import { forward } from "../forward/upstream-exchange.ts";
import { ChunkedReader, readTogether } from "../message/chunked.ts";
import type { Framing } from "../message/framing.ts";
import { hasContent, type RequestHead } from "../message/request-head.ts";
import { responseHeadText } from "../message/write-head.ts";
import type { ByteSocket } from "../socket/byte-socket.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Pool } from "../upstream/pool.ts";
import { type Afterwards, httpDate } from "./answer-bytes.ts";
import { BodyReader } from "./read-body.ts";

/** Why a request is not served to its end, with the status that says so. */
export interface Refused {
  readonly status: number;
  readonly reason: string;
}

/** What an exchange needs of the connection that its request came on. */
export interface ExchangeConnection {
  readonly socket: Pick<ByteSocket, "pause" | "resume" | "end" | "terminate">;
  readonly clientEnded: boolean; //                the client has sent FIN
  keptConnection: UpstreamConnection | null; //    to an upstream, with a login of this client; closes with this connection
  /** False: bytes wait, and `clientDrained` follows once none does. */
  write(bytes: Uint8Array): boolean;
  /** Writes akproxy's own answer. The connection then serves the next request, or closes. */
  answer(head: RequestHead, answer: WireAnswer, afterwards: Afterwards): void;
  /** Answers a request that cannot be served, and closes: nothing that follows a doubtful message can be trusted. */
  refuse(refused: Refused, head: RequestHead): void;
  /** Serves the next request. */
  next(): void;
  /** FIN after the waiting bytes; then drops what arrives for a moment, so that no RST overtakes the answer (RFC 9112 9.6). */
  closeAfterwards(): void;
  /** Does the connection serve no request after the current one? It serves those that the client sent before its FIN. */
  isLastRequest(): boolean;
  /** From now on the bytes belong to another protocol. Returns those that arrived behind the request's head. */
  becomeTunnel(): Buffer;
  /** Sets the time by which the exchange must end; 0: no limit. */
  limitTime(milliseconds: number): void;
}

/** The limits of a chunked request besides those of its data. */
const chunkedLimits = { extensionBytes: 4096, trailerBytes: 8192, trailerFields: 50 };

const readMilliseconds = 10_000; //                 how long a body may take that akproxy itself reads
const rateMilliseconds = 20_000; //                 how often a body's rate is checked
const leastBytes = 1024; //                         a body that brings less in that time is cut (DOS-02)
const joinableBytes = 16 * 1024; //                 up to this size the body's first bytes and the head before them go out in one piece

export const tooLarge: Refused = { status: 413, reason: "the body is larger than allowed" };
const tooSlow: Refused = { status: 408, reason: "the request body arrives too slowly" };

/**
 * The request that a client connection is serving, and its response. One object a request, without closures. The forwarding code sees it
 * as the client's side.
 */
export class ClientExchange implements TunnelClient {
  readonly #connection: ExchangeConnection;
  readonly #head: RequestHead;
  readonly #mostBodyBytes: number; //              0: no limit
  readonly #life: StreamLife | null;
  #lifeEnded: (() => void) | null = null; //       called once the answer has ended
  #upstream: UpstreamSide | null = null;
  #tunnel: TunnelUpstream | null = null;
  #heldHead: Buffer | null = null; //              a response head that waits for the first bytes of its body
  #hasHead = false; //                             a final response head was written
  #closesAfter = false; //                         the answer said so, or it ends with the connection
  #isPaused = false; //                            the upstream does not take the body
  #isBodyDone: boolean;
  #bodyLeft: number; //                            with Content-Length
  readonly #chunked: ChunkedReader | null;
  #bodyTaken = 0; //                               payload so far
  #checkAt: number; //                             epoch milliseconds of the next check of the body's rate
  #checkTaken = 0; //                              payload at the last check

  constructor(connection: ExchangeConnection, head: RequestHead, mostBodyBytes: number, life: StreamLife | null) {
    const { framing } = head;
    const hasBody = hasContent(framing);
    this.#connection = connection;
    this.#head = head;
    this.#mostBodyBytes = mostBodyBytes;
    this.#life = life;
    this.#isBodyDone = !hasBody;
    this.#bodyLeft = framing.kind === "length" ? framing.bytes : 0;
    this.#chunked = framing.kind === "chunked" ? new ChunkedReader(chunkedLimits) : null;
    this.#checkAt = hasBody ? Date.now() + rateMilliseconds : 0;
  }

  get method(): string {
    return this.#head.method;
  }

  get version(): "1.0" | "1.1" {
    return this.#head.version;
  }

  get framing(): Framing {
    return this.#head.framing;
  }

  get expectsContinue(): boolean {
    return this.#head.expectsContinue;
  }

  get keptConnection(): UpstreamConnection | null {
    return this.#connection.keptConnection;
  }

  set keptConnection(connection: UpstreamConnection | null) {
    this.#connection.keptConnection = connection;
  }

  get isBodyDone(): boolean {
    return this.#isBodyDone;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Forwards the request, opens a tunnel, or reads the body. */
  start(reply: Exclude<Reply, { readonly kind: "answer" }>, pool: Pool): void {
    switch (reply.kind) {
      case "tunnel":
        this.#tunnel = openTunnel(pool, reply.forwarding, reply.life, this);
        return;
      case "forward":
        this.#upstream = forward(pool, reply.forwarding, this);
        break;
      case "read_body": {
        const connection = this.#connection;
        connection.limitTime(readMilliseconds);
        this.#upstream = new BodyReader(reply, this, () => connection.limitTime(0));
      }
    }
    if (this.#isBodyDone) this.#upstream.bodyEnd();
  }

  /** Hands on the part of `bytes` that belongs to the request's body. Returns what follows it, or null if the request was refused. */
  feedBody(bytes: Buffer): Buffer | null {
    return this.#chunked === null ? this.#feedLength(bytes) : this.#feedChunks(this.#chunked, bytes);
  }

  #feedLength(bytes: Buffer): Buffer {
    const taken = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= taken;
    this.#bodyTaken += taken;
    if (taken > 0) this.#upstream?.bodyChunk(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    if (this.#bodyLeft === 0) this.#endRequestBody();
    return bytes.subarray(taken);
  }

  #feedChunks(chunked: ChunkedReader, bytes: Buffer): Buffer | null {
    const most = this.#mostBodyBytes;
    const reading = readTogether(chunked, bytes, 0, (data) => {
      this.#bodyTaken += data.length;
      if (most === 0 || this.#bodyTaken <= most) this.#upstream?.bodyChunk(data);
    });
    if (most > 0 && this.#bodyTaken > most) return this.#breakOff(tooLarge);
    switch (reading.kind) {
      case "refused":
        return this.#breakOff({ status: 400, reason: reading.reason });
      case "more":
        return bytes.subarray(bytes.length);
      case "end":
        this.#endRequestBody();
        return bytes.subarray(reading.at);
    }
  }

  #endRequestBody(): void {
    if (this.#isBodyDone) return;
    this.#isBodyDone = true;
    this.#upstream?.bodyEnd();
  }

  /** Gives the request up because of its body, and tells the client as long as that is possible. */
  #breakOff(refused: Refused): null {
    this.#isBodyDone = true;
    this.#upstream?.bodyBroken();
    if (this.#hasHead) this.#connection.socket.terminate();
    else this.#connection.refuse(refused, this.#head);
    return null;
  }

  /** The time that `limitTime` set is over. */
  timeOut(): void {
    this.#breakOff(tooSlow);
  }

  /** Breaks the request off if its body comes too slowly. */
  checkRate(now: number): void {
    if (this.#isBodyDone || now < this.#checkAt) return;
    const isSlow = !this.#isPaused && this.#bodyTaken - this.#checkTaken < leastBytes;
    this.#checkAt = now + rateMilliseconds;
    this.#checkTaken = this.#bodyTaken;
    if (isSlow) this.#breakOff(tooSlow);
  }

  tunnelBytes(bytes: Buffer): void {
    this.#tunnel?.clientBytes(bytes);
  }

  clientDrained(): void {
    this.#upstream?.clientDrained();
    this.#tunnel?.clientDrained();
  }

  /** The client has sent FIN: in the middle of a body that is the end of the request. */
  clientEnded(phase: "exchange" | "tunnel"): void {
    if (phase === "tunnel") this.#tunnel?.clientEnded();
    else if (!this.#isBodyDone) {
      this.#isBodyDone = true;
      this.#upstream?.bodyBroken();
      this.#connection.socket.terminate();
    }
  }

  clientGone(): void {
    this.#upstream?.clientGone();
    this.#tunnel?.clientGone();
    this.#endLife();
  }

  writeHead(answer: AnswerHead, spent: Buffer): void {
    this.#hasHead = true;
    if (answer.body === "tunnel") this.#beginTunnel();
    this.#lifeEnded = this.#life?.begun(answer.headers, this) ?? null;
    // RFC 9112 9.3, 9.6: an upload that is still running when its answer ends closes the connection, and the response says so
    this.#closesAfter =
      answer.body === "until_close" || !this.#head.keepAlive || !this.#isBodyDone || this.#connection.isLastRequest();
    const more = this.#connectionText(answer);
    this.#heldHead = bytesBefore(spent, responseHeadText(answer.status, answer.reason, answer.headers, more));
  }

  /** Bytes behind the handshake belong to the other protocol. They are handed on once the 101 is out. */
  #beginTunnel(): void {
    const unread = this.#connection.becomeTunnel();
    if (unread.length > 0) queueMicrotask(() => this.#tunnel?.clientBytes(unread));
    if (this.#connection.clientEnded) queueMicrotask(() => this.#tunnel?.clientEnded());
  }

  /** The field lines that the listener adds. */
  #connectionText(answer: AnswerHead): string {
    if (answer.body === "tunnel") return "Connection: Upgrade\r\n";
    // RFC 9110 6.6.1: a recipient that forwards a response without a Date adds it
    const date = firstValue(answer.headers, "date") === null ? `date: ${httpDate()}\r\n` : "";
    if (this.#closesAfter) return `${date}Connection: close\r\n`;
    return this.version === "1.0" ? `${date}Connection: keep-alive\r\n` : date;
  }

  write(bytes: Uint8Array): boolean {
    const connection = this.#connection;
    const head = this.#heldHead;
    if (head === null) return connection.write(bytes);
    this.#heldHead = null;
    // An upstream's head is rarely shorter than what the client gets of it, so this is the usual case: no copy, and one system call
    if (head.buffer === bytes.buffer && head.byteOffset + head.length === bytes.byteOffset)
      return connection.write(new Uint8Array(bytes.buffer, head.byteOffset, head.length + bytes.length));
    if (bytes.length <= joinableBytes) return connection.write(Buffer.concat([head, bytes]));
    connection.write(head);
    return connection.write(bytes);
  }

  flush(): void {
    const head = this.#heldHead;
    this.#heldHead = null;
    if (head !== null) this.#connection.write(head);
  }

  endBody(): void {
    this.flush();
    this.#endLife();
    if (this.#isBodyDone && !this.#closesAfter) this.#connection.next();
    else this.#connection.closeAfterwards();
  }

  /** Reports the end of the answer once, however it ended. */
  #endLife(): void {
    const ended = this.#lifeEnded;
    this.#lifeEnded = null;
    ended?.();
  }

  answer(answer: WireAnswer): void {
    this.#hasHead = true;
    this.#connection.answer(this.#head, answer, this.#isBodyDone && this.#head.keepAlive ? "keep" : "close");
  }

  abort(): void {
    this.#heldHead = null;
    this.#endLife();
    this.#connection.socket.terminate();
  }

  informational(status: number, reason: string, headers: HeaderLines): void {
    if (this.version === "1.1")
      this.#connection.write(Buffer.from(responseHeadText(status, reason, headers), "latin1"));
  }

  pauseBody(): void {
    this.#isPaused = true;
    this.#connection.socket.pause();
  }

  resumeBody(): void {
    this.#isPaused = false;
    this.#connection.socket.resume();
  }

  endTunnel(): void {
    this.#connection.socket.end();
  }

  /** Breaks the answer off in the middle: the upstream's connection is given up, and the client can tell. */
  cut(): void {
    this.#upstream?.clientGone();
    this.#connection.socket.terminate();
  }
}

/** The text at the end of `spent` if there is room for it. */
function bytesBefore(spent: Buffer, text: string): Buffer {
  const start = spent.length - text.length;
  if (start < 0) return Buffer.from(text, "latin1");
  spent.write(text, start, "latin1");
  return spent.subarray(start);
}

/** How many bytes of a body the connection takes; 0: no limit. `limit` is that of the listener. */
export function mostBodyBytes(reply: Reply, limit: number): number {
  if (reply.kind !== "read_body") return limit;
  return limit === 0 ? reply.mostBytes : Math.min(reply.mostBytes, limit);
}
