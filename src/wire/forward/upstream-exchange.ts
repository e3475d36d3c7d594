import type { FailureCode } from "../../core/failure.ts";
import type { HeaderLines } from "../../core/http/header-lines.ts";
import type { Forwarding } from "../../ports/wire.ts";
import { chunkHead, chunkTail, lastChunk } from "../message/chunked.ts";
import { hasContent } from "../message/request-head.ts";
import { type ResponseHead, readResponseHead } from "../message/response-head.ts";
import { upstreamName } from "../upstream/address.ts";
import { isRefusedAddress } from "../upstream/checked-addresses.ts";
import type { Occupant, UpstreamConnection } from "../upstream/connection.ts";
import { answerLines, keepAliveSeconds, upstreamHeadText } from "../upstream/hop-lines.ts";
import type { Pool } from "../upstream/pool.ts";
import {
  type AnswerBody,
  answerBody,
  type BodyTarget,
  bodyForms,
  endBody,
  forwardBody,
  noBody,
} from "./answer-body.ts";
import { leaveConnection, noteConnectionLogin, takeConnection } from "./connection-login.ts";
import type { ClientSide, ProtocolSwitch, UpstreamSide } from "./sides.ts";

/** Some applications send 60 KiB in one field. A head that does not end is not kept without limit. */
const headLimits = { headBytes: 256 * 1024, fields: 2000 };
const mostInterimHeads = 32;

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Forwards a request and its answer, streaming both. Calls `client` only after this function has returned. A failure before the head of an
 * answer went to the client is answered by `forwarding.failed`: upstream_unreachable, upstream_timeout, upstream_refused, or
 * upstream_not_carried (the request cannot stand in a message).
 */
export function forward(pool: Pool, forwarding: Forwarding, client: ClientSide): UpstreamSide {
  const exchange = new UpstreamExchange(pool, forwarding, client, null);
  exchange.start();
  return exchange;
}

/** One request on its connection to an upstream, and its answer. One object a request, without closures. */
export class UpstreamExchange implements Occupant, UpstreamSide, BodyTarget {
  expiresAt = Number.POSITIVE_INFINITY;
  readonly #pool: Pool;
  readonly #forwarding: Forwarding;
  readonly #client: ClientSide;
  readonly #protocolSwitch: ProtocolSwitch | null; // null: the request asks for no other protocol
  readonly #headText: string | null; //            null: the request cannot stand in a message
  #unsentHead: string; //                          the same until it was sent, then ""
  #connection: UpstreamConnection | null = null; // null: not started
  /** `asking`: no final head has arrived. `answering`: it went to the client. `over`: nothing more happens. */
  #phase: "asking" | "answering" | "over" = "asking";
  #isUploading: boolean; //                        the request's body is not whole yet
  #hasBegunBody = false; //                        a byte of the request's body was given to a connection
  #holdsClient = false; //                         the client's body is paused
  #hasRetried = false;
  #received: Buffer | null = null; //              of an answer's head
  #searchedTo = 0; //                              how far `#received` was searched for its end
  #interimHeads = 0;
  #body: AnswerBody = noBody; //                   once answering
  #isClientFull = false; //                        bytes wait for the client
  #keepsConnection = false; //                     by the answer's head

  constructor(pool: Pool, forwarding: Forwarding, client: ClientSide, protocolSwitch: ProtocolSwitch | null) {
    this.#pool = pool;
    this.#forwarding = forwarding;
    this.#client = client;
    this.#protocolSwitch = protocolSwitch;
    this.#headText = upstreamHeadText(forwarding.request, client.framing, protocolSwitch !== null);
    this.#unsentHead = this.#headText ?? "";
    this.#isUploading = hasContent(client.framing);
  }

  /** Takes a connection and sends the head. */
  start(): void {
    if (this.#headText === null) {
      queueMicrotask(() => this.fail("upstream_not_carried", "upstream: the request cannot be sent as it is"));
    } else {
      this.#occupy(takeConnection(this.#pool, this.#forwarding, this.#client, this));
    }
  }

  #occupy(connection: UpstreamConnection): void {
    const pool = this.#pool;
    this.#connection = connection;
    if (connection.state === "open") this.#moved();
    else if (pool.connectSeconds > 0) this.expiresAt = pool.now() + pool.connectSeconds;
    // Before the first bytes of a body the head waits until the end of this turn: both go out in one piece
    if (this.#client.framing.kind === "none") this.#sendHead();
    else queueMicrotask(() => this.#sendHead());
  }

  #sendHead(): void {
    const connection = this.#connection;
    const head = this.#unsentHead;
    if (connection === null || head === "") return;
    this.#unsentHead = "";
    connection.sendText(head);
  }

  /** Something has moved, so the time restarts: the one in which the upstream must answer, or that of a stream. */
  #moved(): void {
    const { timeoutSeconds } = this.#forwarding.request;
    if (this.#phase === "answering") this.expiresAt = this.#pool.streamExpiry();
    else if (this.#connection?.state === "open")
      this.expiresAt = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : this.#pool.now() + timeoutSeconds;
  }

  bodyChunk(bytes: Uint8Array): void {
    const connection = this.#connection;
    if (this.#phase === "over" || !this.#isUploading || connection === null || bytes.length === 0) return;
    const isChunked = this.#client.framing.kind === "chunked";
    const before = isChunked ? this.#unsentHead + chunkHead(bytes.length) : this.#unsentHead;
    this.#unsentHead = "";
    this.#hasBegunBody = true;
    // The limit is on the upstream's silence: a slow client that still sends does not use it up
    this.#moved();
    const isTaken = connection.sendBetween(before, bytes, isChunked ? chunkTail : "");
    if (isTaken || this.#holdsClient) return;
    this.#holdsClient = true;
    this.#client.pauseBody();
  }

  bodyEnd(): void {
    if (this.#phase === "over" || !this.#isUploading) return;
    this.#isUploading = false;
    if (this.#connection === null || this.#client.framing.kind !== "chunked") return;
    const before = this.#unsentHead;
    this.#unsentHead = "";
    this.#connection.sendText(before + lastChunk([]));
  }

  /** Half a body must not look like a whole one: the connection is cut. */
  bodyBroken(): void {
    this.leave();
  }

  clientDrained(): void {
    this.#isClientFull = false;
    if (this.#phase !== "over") this.#connection?.resumeReading();
  }

  clientGone(): void {
    this.leave();
  }

  opened(): void {
    this.#moved();
  }

  drained(): void {
    if (!this.#holdsClient) return;
    this.#holdsClient = false;
    this.#moved();
    this.#client.resumeBody();
  }

  ended(): void {
    if (this.#mayRetry()) this.#retry();
    else this.#answerEnded();
  }

  lost(code: string): void {
    if (this.#mayRetry()) this.#retry();
    else this.fail(isRefusedAddress(code) ? "upstream_refused" : "upstream_unreachable", this.#unusable(code));
  }

  expired(): void {
    const connection = this.#connection;
    const { request } = this.#forwarding;
    const name = upstreamName(request.upstream);
    if (this.#phase === "answering" && this.#isClientFull) {
      this.#moved(); //                            the client does not read, and its own limits apply
    } else if (connection?.state === "connecting") {
      const { connectSeconds } = this.#pool;
      this.fail("upstream_timeout", `upstream: "${name}" accepted no connection for ${connectSeconds} s`);
    } else if (this.#isUploading && this.#hasBegunBody && connection?.hasWaiting === false) {
      this.#moved(); //                        the client is silent, and its own limits apply
    } else {
      this.fail("upstream_timeout", `upstream: "${name}" sent nothing for ${request.timeoutSeconds} s`);
    }
  }

  /**
   * The upstream closed a pooled connection while the request was on its way: an idempotent request is sent once more if no byte of an
   * answer has arrived and no byte of its body was sent (RFC 9110 9.2.2; UPS-10). A login of the connection would be lost by that.
   */
  #mayRetry(): boolean {
    return (
      this.#phase === "asking" &&
      this.#connection?.isReused === true &&
      !this.#connection.mayBeLoggedIn &&
      !this.#hasRetried &&
      !this.#hasBegunBody &&
      this.#received === null &&
      this.#interimHeads === 0 &&
      idempotent.has(this.#forwarding.request.method)
    );
  }

  /**
   * Retries on a new connection: another pooled one may be as old. An empty chunked body that has ended is sent again with the head: without
   * its last chunk, the upstream would read the next request on this connection as a chunk.
   */
  #retry(): void {
    const isEmptyBody = this.#client.framing.kind === "chunked" && !this.#isUploading;
    this.#hasRetried = true;
    this.#unsentHead = (this.#headText ?? "") + (isEmptyBody ? lastChunk([]) : "");
    this.#connection?.cut();
    this.#occupy(this.#pool.open(this.#forwarding.request.upstream, this));
  }

  bytes(bytes: Buffer): void {
    if (this.#phase === "asking") this.#readHeads(bytes);
    else if (this.#phase === "answering") this.#forwardPart(bytes, 0);
    if (this.#isClientFull && this.#phase !== "over") this.#connection?.pauseReading();
  }

  #readHeads(bytes: Buffer): void {
    const all = this.#received === null ? bytes : Buffer.concat([this.#received, bytes]);
    const { method } = this.#forwarding.request;
    let from = 0;
    while (this.#phase === "asking") {
      const reading = readResponseHead(all, from, all.length, headLimits, method, from + this.#searchedTo);
      if (reading.kind === "refused") {
        this.failUnusable(reading.reason);
        return;
      }
      if (reading.kind === "incomplete") {
        this.#received = from === 0 ? all : all.subarray(from);
        this.#searchedTo = reading.searchedTo - from;
        return;
      }
      this.#searchedTo = 0;
      from = reading.end;
      noteConnectionLogin(this.#connection, reading.head.headers);
      if (reading.head.status >= 200) this.#beginAnswer(reading.head, all, from);
      else if (reading.head.status === 101) this.#switchProtocols(reading.head, all.subarray(from));
      else this.#forwardInterim(reading.head);
    }
  }

  /** RFC 9110 15.2: interim responses are forwarded, requested or not. HTTP/1.0 has none. */
  #forwardInterim(head: ResponseHead): void {
    this.#interimHeads += 1;
    if (this.#interimHeads > mostInterimHeads) {
      this.failUnusable("too many interim responses");
      return;
    }
    if (this.#client.version === "1.0") return;
    const headers = this.#forwarding.forClient(answerLines(head.headers, "none"));
    this.#client.informational(head.status, head.reason, headers);
  }

  #switchProtocols(head: ResponseHead, rest: Buffer): void {
    if (this.#protocolSwitch === null) this.failUnusable("a 101 that was not requested");
    else this.#protocolSwitch.switched(head, rest);
  }

  #beginAnswer(head: ResponseHead, bytes: Buffer, from: number): void {
    const { status, reason } = head;
    const body = answerBody(head.framing, this.#client.version);
    this.#phase = "answering";
    this.#received = null;
    this.#body = body;
    // The handshake of a login may take several requests for a WebSocket, all on this connection
    const isKept = this.#protocolSwitch === null || this.#connection?.mayBeLoggedIn === true;
    this.#keepsConnection = head.keepAlive && isKept;
    if (this.#keepsConnection) this.#connection?.limitKeeping(keepAliveSeconds(head.headers));
    const { kept, toClient } = bodyForms[body.kind];
    // RFC 9110 8.6: no Content-Length in a 204
    const lines = this.#forwarding.forClient(answerLines(head.headers, status === 204 ? "none" : kept));
    const headers: HeaderLines = body.kind === "chunking" ? [...lines, ["Transfer-Encoding", "chunked"]] : lines;
    this.#client.writeHead({ status, reason, headers, body: toClient }, bytes.subarray(0, from));
    this.#forwarding.answered(status);
    this.#forwardPart(bytes, from);
  }

  #forwardPart(bytes: Buffer, from: number): void {
    const progress = forwardBody(this.#body, bytes, from, this);
    switch (progress.kind) {
      case "more":
        this.#client.flush();
        this.#moved();
        return;
      case "refused":
        this.failUnusable(progress.reason);
        return;
      case "end":
        this.#finish(progress.at < bytes.length ? "surplus" : "nothing");
    }
  }

  writeBody(bytes: Uint8Array): void {
    if (bytes.length > 0 && !this.#client.write(bytes)) this.#isClientFull = true;
  }

  trailersForClient(trailers: HeaderLines): HeaderLines {
    return this.#forwarding.forClient(trailers);
  }

  /** The upstream sends no more: that ends a body without another end, else the answer is lost. */
  #answerEnded(): void {
    if (this.#phase === "over") return;
    const { kind } = this.#body;
    const endsSo = this.#phase === "answering" && (kind === "until_close" || kind === "chunking");
    if (!endsSo) {
      this.failUnusable("connection closed");
      return;
    }
    endBody(this.#body, this);
    this.#finish("nothing");
  }

  /** The answer is whole. The connection is used again if nothing more is to come on it in either direction. */
  #finish(behind: "nothing" | "surplus"): void {
    const connection = this.#connection;
    this.#phase = "over";
    if (connection !== null) {
      if (this.#isUploading || connection.hasWaiting) connection.cut();
      else if (behind === "nothing" && this.#keepsConnection)
        leaveConnection(this.#pool, this.#forwarding, this.#client, connection);
      else connection.close();
    }
    this.#client.endBody();
  }

  /** Gives the connection up to the caller, who becomes its occupant. Null: there is none. */
  handOver(): UpstreamConnection | null {
    this.#phase = "over";
    return this.#connection;
  }

  /** Fails with upstream_unreachable, since the upstream's answer cannot be used. */
  failUnusable(why: string): void {
    this.fail("upstream_unreachable", this.#unusable(why));
  }

  /** For the log and the page. Never contains the target, which may hold a secret. */
  #unusable(why: string): string {
    return `upstream: "${upstreamName(this.#forwarding.request.upstream)}" gave no usable answer: ${why}`;
  }

  /** Ends a failed exchange: with a page if nothing of an answer has gone to the client, else by breaking the transfer. */
  fail(code: FailureCode, reason: string): void {
    const hadHead = this.#phase === "answering";
    if (!this.leave()) return;
    if (hadHead) this.#client.abort();
    else this.#client.answer(this.#forwarding.failed(code, reason));
  }

  /** Gives up the exchange and its connection. The client is not told. False: it was over. */
  leave(): boolean {
    if (this.#phase === "over") return false;
    this.#phase = "over";
    this.#connection?.cut();
    return true;
  }
}
