import type { Reply, WireAnswer, WireRequest } from "../../ports/wire.ts";
import { hasContent, type RequestHead, readRequestHead } from "../message/request-head.ts";
import type { ByteSocket, SocketOwner } from "../socket/byte-socket.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type Afterwards, answerBytes } from "./answer-bytes.ts";
import { ClientExchange, type ExchangeConnection, mostBodyBytes, type Refused, tooLarge } from "./exchange.ts";
import type { ListenerContext, OpenConnection, Phase } from "./listener-context.ts";

const headMilliseconds = 10_000; //                 from a head's first byte to its last (DOS-02)
const enoughUnread = 64 * 1024; //                  the connection does not read further ahead of the current request
const closingMilliseconds = 30_000; //              a shorter time could lose a response that is on its way to a slow client
const stalledMilliseconds = 300_000; //             how long written bytes may wait for a client that reads nothing
const crowdedIdleSeconds = 5; //                    how long a connection may be idle while the room is full
const mostInTurn = 100; //                          requests of one connection before the others have their turn
/** How long a response may stand still after the client's FIN. A plain client may have closed its sending side only; TLS clients close both. */
const quietMilliseconds = { http: 30_000, https: 1000, draining: 2000 } as const;
const noBytes: Buffer = Buffer.alloc(0);

/** One client connection, and the owner of its socket: reads the requests in order and carries out what the handler says. */
export class ClientConnection implements OpenConnection, SocketOwner, ExchangeConnection {
  readonly #context: ListenerContext;
  readonly socket: ByteSocket;
  keptConnection: UpstreamConnection | null = null;
  readonly #left: () => void;
  #phase: Phase = "head";
  #unread: Buffer = noBytes; //                    received and not used yet
  #searchedTo = 0; //                              how far `#unread` was searched for the end of a head
  #deadline: number; //                            epoch milliseconds by which the phase must end; 0: none
  #stalledSince = 0; //                            since when written bytes have been waiting; 0: none wait
  #clientEnded = false; //                         the client has sent FIN
  #movedAt = 0; //                                 since the FIN: when bytes were last written
  #servedInTurn = 0; //                            requests since the connection last let others have their turn
  #isHeld = false; //                              the socket is not read, because of what waits here
  #isYielding = false; //                          it goes on with its unread requests in the next turn
  #exchange: ClientExchange | null = null;

  /** `left` is called when the connection has gone. */
  constructor(context: ListenerContext, socket: ByteSocket, left: () => void = doNothing) {
    this.#context = context;
    this.socket = socket;
    this.#left = left;
    this.#deadline = idleDeadline(context);
    context.connections.add(this);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get unreadBytes(): number {
    return this.#unread.length;
  }

  /** Do written bytes wait for the client? */
  get isStalled(): boolean {
    return this.#stalledSince > 0;
  }

  get clientEnded(): boolean {
    return this.#clientEnded;
  }

  data(bytes: Buffer): void {
    switch (this.#phase) {
      case "head":
        this.#keepUnread(bytes);
        if (!this.#isYielding) this.#readHeads();
        return;
      case "deciding":
        this.#keepUnread(bytes);
        return;
      case "exchange":
        this.#feedBody(bytes);
        return;
      case "tunnel":
        this.#exchange?.tunnelBytes(bytes);
        return;
      case "closing":
      case "gone":
        return;
    }
  }

  #feedBody(bytes: Buffer): void {
    const rest = this.#exchange?.isBodyDone === false ? this.#exchange.feedBody(bytes) : bytes;
    if (rest !== null && rest.length > 0) this.#keepUnread(rest);
  }

  /** Keeps the bytes of a later request. A client that sends far ahead is not read. */
  #keepUnread(bytes: Buffer): void {
    this.#unread = joined(this.#unread, bytes);
    if (this.#unread.length > enoughUnread) this.#pauseReading();
  }

  #pauseReading(): void {
    this.#isHeld = true;
    this.socket.pause();
  }

  /** Reads on, unless what the client caused so far waits to be written, or enough of what it sent waits to be read. */
  #readOn(): void {
    if (this.isStalled || this.#unread.length > enoughUnread) this.#pauseReading();
    else {
      this.#isHeld = false;
      this.socket.resume();
    }
  }

  /** Reads requests as long as whole heads have arrived and no request is being served. */
  #readHeads(): void {
    while (this.#phase === "head") {
      const unread = this.#unread;
      if (unread.length === 0) {
        this.#servedInTurn = 0;
        this.#waitForMore(0);
        return;
      }
      if (this.#mustWait()) return;
      const reading = readRequestHead(unread, 0, unread.length, this.#context.headLimits, this.#searchedTo);
      if (reading.kind !== "head") {
        if (reading.kind === "refused") this.refuse(reading);
        else this.#waitForMore(reading.searchedTo);
        return;
      }
      this.#unread = unread.length === reading.end ? noBytes : unread.subarray(reading.end);
      this.#searchedTo = 0;
      this.#deadline = 0;
      this.#servedInTurn += 1;
      this.#begin(reading.head);
    }
  }

  /** Must the next request wait? What the client caused so far goes out first, and the other connections have their turn. */
  #mustWait(): boolean {
    if (this.isStalled || this.#isYielding) {
      this.#pauseReading();
      return true;
    }
    if (this.#servedInTurn < mostInTurn) return false;
    this.#yieldTurn();
    return true;
  }

  #yieldTurn(): void {
    this.#isYielding = true;
    setImmediate(() => {
      this.#isYielding = false;
      this.#servedInTurn = 0;
      if (this.#phase === "head") this.#readHeads();
    });
  }

  #waitForMore(searchedTo: number): void {
    if (this.#isHeld) this.#readOn();
    const isFirst = this.#searchedTo === 0;
    this.#searchedTo = searchedTo;
    if (this.#unread.length === 0) this.#deadline = idleDeadline(this.#context);
    else if (isFirst) this.#deadline = Date.now() + headMilliseconds;
    if (this.#clientEnded) this.closeAfterwards();
  }

  #begin(head: RequestHead): void {
    const { limits, scheme, handler } = this.#context;
    if (limits.bodyBytes > 0 && head.framing.kind === "length" && head.framing.bytes > limits.bodyBytes) {
      this.refuse({ status: 413, reason: "the body is larger than limits.request_body" }, head);
      return;
    }
    this.#phase = "deciding";
    const request: WireRequest = {
      method: head.method,
      target: head.target,
      headers: head.headers,
      scheme,
      peerAddress: this.socket.peerAddress,
      serverName: this.socket.serverName,
      hasBody: hasContent(head.framing),
    };
    const reply = handler(request);
    if (reply instanceof Promise) void reply.then((decided) => this.#carryOutLater(head, decided));
    else this.#carryOut(head, reply);
  }

  /** The client may have left while the handler was waiting, and later requests may be due now. */
  #carryOutLater(head: RequestHead, reply: Reply): void {
    if (this.#phase !== "deciding") return;
    this.#carryOut(head, reply);
    if (this.#isFree()) this.next();
  }

  /** A method of its own, since the compiler assumes that a phase it has compared does not change. */
  #isFree(): boolean {
    return this.#phase === "head";
  }

  #carryOut(head: RequestHead, reply: Reply): void {
    if (reply.kind === "answer") {
      const isSkipped = this.#skipBody(head);
      this.#writeAnswer(head, reply.answer, isSkipped && head.keepAlive ? "keep" : "close");
    } else {
      this.#startExchange(head, reply);
    }
  }

  /** Skips a body that has arrived whole. Any other body ends the connection, since the handler does not want it. */
  #skipBody(head: RequestHead): boolean {
    if (!hasContent(head.framing)) return true;
    if (head.framing.kind !== "length" || this.#unread.length < head.framing.bytes) return false;
    this.#unread = this.#unread.subarray(head.framing.bytes);
    return true;
  }

  #startExchange(head: RequestHead, reply: Exclude<Reply, { readonly kind: "answer" }>): void {
    const { limits, pool } = this.#context;
    const most = mostBodyBytes(reply, limits.bodyBytes);
    if (most > 0 && head.framing.kind === "length" && head.framing.bytes > most) {
      this.refuse(tooLarge, head);
      return;
    }
    const exchange = new ClientExchange(this, head, most, reply.kind === "forward" ? reply.life : null);
    this.#exchange = exchange;
    this.#phase = "exchange";
    exchange.start(reply, pool);
    if (reply.kind === "tunnel" || exchange.isBodyDone) return;
    const unread = this.#unread;
    this.#unread = noBytes;
    const rest = unread.length === 0 ? noBytes : exchange.feedBody(unread);
    if (rest === null) return;
    this.#unread = rest;
    // A body that arrived faster than the handler decided has paused the socket
    if (!exchange.isPaused) this.socket.resume();
  }

  next(): void {
    this.#exchange = null;
    this.#phase = "head";
    this.#deadline = idleDeadline(this.#context);
    this.#readOn();
    if (this.#unread.length > 0) this.#readHeads();
    else if (this.#context.isDraining || this.#clientEnded) this.closeAfterwards();
  }

  drained(): void {
    this.#stalledSince = 0;
    if (this.#phase === "closing") this.#deadline = Date.now() + closingMilliseconds;
    else if (this.#phase === "head") this.#readHeads();
    this.#exchange?.clientDrained();
  }

  ended(): void {
    this.#clientEnded = true;
    this.#movedAt = Date.now();
    switch (this.#phase) {
      case "head":
        this.closeAfterwards();
        return;
      case "exchange":
      case "tunnel":
        this.#exchange?.clientEnded(this.#phase);
        return;
      case "deciding":
      case "closing":
      case "gone":
        return;
    }
  }

  /** Internal error: reported like a refusal. The connection closes, so access is never granted. */
  failed(error: Error): void {
    this.#context.refusal({
      status: 500,
      reason: `internal error: ${error.stack ?? error.message}`,
      peerAddress: this.socket.peerAddress,
    });
  }

  closed(): void {
    const exchange = this.#exchange;
    this.#phase = "gone";
    this.#exchange = null;
    this.#context.connections.delete(this);
    this.#left();
    exchange?.clientGone();
    this.keptConnection?.close();
  }

  write(bytes: Uint8Array): boolean {
    const isTaken = this.socket.write(bytes);
    if (this.#clientEnded) this.#movedAt = Date.now();
    if (!isTaken && this.#stalledSince === 0) this.#stalledSince = Date.now();
    return isTaken;
  }

  answer(head: RequestHead, answer: WireAnswer, afterwards: Afterwards): void {
    this.#writeAnswer(head, answer, afterwards);
    if (this.#isFree()) this.next();
  }

  #writeAnswer(head: Pick<RequestHead, "method" | "version">, answer: WireAnswer, afterwards: Afterwards): void {
    const keeps = afterwards === "keep" && !this.isLastRequest();
    this.write(answerBytes(answer, head.method, head.version, keeps ? "keep" : "close"));
    this.#exchange = null;
    if (keeps) this.#phase = "head";
    else this.closeAfterwards();
  }

  refuse(refused: Refused, head: Pick<RequestHead, "method" | "version"> = unreadHead): void {
    const answer = this.#context.refusal({ ...refused, peerAddress: this.socket.peerAddress });
    this.#writeAnswer(head, answer, "close");
  }

  isLastRequest(): boolean {
    return this.#context.isDraining || (this.#clientEnded && this.#unread.length === 0);
  }

  becomeTunnel(): Buffer {
    const unread = this.#unread;
    this.#phase = "tunnel";
    this.#unread = noBytes;
    this.socket.resume();
    return unread;
  }

  closeAfterwards(): void {
    this.keptConnection?.close();
    this.#phase = "closing";
    this.#unread = noBytes;
    this.#deadline = Date.now() + closingMilliseconds;
    this.socket.resume();
    this.socket.end();
  }

  limitTime(milliseconds: number): void {
    this.#deadline = milliseconds === 0 ? 0 : Date.now() + milliseconds;
  }

  closeIfIdle(): void {
    if (this.#phase === "head" && this.#unread.length === 0) this.closeAfterwards();
  }

  sweep(now: number): void {
    if (this.#stalledSince > 0 && now - this.#stalledSince > stalledMilliseconds) this.socket.terminate();
    else if (this.#isOverdue(now)) this.#timeOut();
    else if (this.#isAbandoned(now)) this.socket.terminate();
    else if (this.#phase === "exchange") this.#exchange?.checkRate(now);
  }

  /**
   * A client that has closed its connection sends the same FIN as one that only sends no more. Nothing tells them apart until something
   * is written, and a quiet upstream writes nothing.
   */
  #isAbandoned(now: number): boolean {
    const { isDraining, scheme } = this.#context;
    const isWaiting = this.#clientEnded && this.#phase === "exchange" && !this.isStalled;
    return isWaiting && now - this.#movedAt > quietMilliseconds[isDraining ? "draining" : scheme];
  }

  /** While the room is full, an idle connection must leave after a few seconds instead of `limits.idle` (DOS-04). */
  #isOverdue(now: number): boolean {
    const { room, limits } = this.#context;
    const isIdle = this.#phase === "head" && this.#unread.length === 0;
    const sooner = isIdle && room.isFull() ? Math.max(0, limits.idleSeconds - crowdedIdleSeconds) : 0;
    return this.#deadline > 0 && now + sooner * 1000 > this.#deadline && this.#stalledSince === 0;
  }

  #timeOut(): void {
    if (this.#phase === "exchange" && this.#exchange !== null) this.#exchange.timeOut();
    else if (this.#phase !== "head") this.socket.terminate();
    else if (this.#unread.length === 0) this.closeAfterwards();
    else this.refuse({ status: 408, reason: "the request did not arrive in time" });
  }
}

/** Assumed for a request whose head could not be read. */
const unreadHead = { method: "GET", version: "1.1" } as const;

function doNothing(): void {}

function joined(before: Buffer, bytes: Buffer): Buffer {
  return before.length === 0 ? bytes : Buffer.concat([before, bytes]);
}

function idleDeadline({ limits }: ListenerContext): number {
  return limits.idleSeconds === 0 ? 0 : Date.now() + limits.idleSeconds * 1000;
}
