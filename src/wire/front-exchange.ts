import type { Reply, WireAnswer } from "../ports/wire.ts";
import { type ChunkData, readChunked, startChunked } from "./chunked.ts";
import { closeAfterwards, refuse, write, writeAnswer } from "./front-output.ts";
import { type BodyReading, type FrontConnection, type FrontExchange, noBytes } from "./front-state.ts";
import { pass } from "./pass.ts";
import type { AnswerHead, ClientSide, TunnelClient } from "./pass-client.ts";
import { hasContent, type RequestHead } from "./request-head.ts";
import { responseHeadText } from "./response-text.ts";
import { openTunnel } from "./tunnel.ts";

/** What besides data a chunked request may hold. */
const chunkedLimits = { extensionBytes: 4096, trailerBytes: 8192, trailerFields: 50 };

/** How often a body's rate is looked at, and what must have come since: slower is cut (DOS-02). */
export const rateMilliseconds = 20_000;
export const leastBytes = 1024;

/** With no more than this the body's first bytes and the head before them go out in one piece. */
const joinableBytes = 16 * 1024;

/** Sends a request on, or opens a tunnel. `next` is called when the connection is free for another request. */
export function passRequest(
  connection: FrontConnection,
  head: RequestHead,
  reply: Exclude<Reply, { readonly kind: "answer" }>,
  next: (connection: FrontConnection) => void,
): void {
  const exchange = startExchange(head);
  connection.exchange = exchange;
  connection.phase = "passing";
  if (reply.kind === "tunnel") {
    exchange.tunnel = openTunnel(
      connection.shared.pool,
      reply.pass,
      reply.life,
      tunnelClient(connection, exchange, next),
    );
    return;
  }
  const handle = pass(connection.shared.pool, reply.pass, clientSide(connection, exchange, next));
  exchange.handle = handle;
  const { unread } = connection;
  if (exchange.body.isDone) {
    handle.bodyEnd();
    return;
  }
  connection.unread = noBytes;
  const rest = unread.length === 0 ? noBytes : feedBody(connection, exchange, unread);
  if (rest === null) return;
  connection.unread = rest;
  // a body that came faster than it was decided had its reading stopped
  if (!exchange.isPaused) connection.socket.resume();
}

function startExchange(head: RequestHead): FrontExchange {
  const { framing } = head;
  const body: BodyReading = {
    isDone: !hasContent(framing),
    left: framing.kind === "length" ? framing.bytes : 0,
    chunked: framing.kind === "chunked" ? startChunked(chunkedLimits) : null,
    taken: 0,
    checkAt: Date.now() + rateMilliseconds,
    checkTaken: 0,
  };
  return {
    head,
    body,
    handle: null,
    tunnel: null,
    heldHead: null,
    hasHead: false,
    closesAfter: false,
    isPaused: false,
  };
}

/** Hands on what of `bytes` belongs to the request's body; what follows it comes back, null when the connection is done for. */
export function feedBody(connection: FrontConnection, exchange: FrontExchange, bytes: Buffer): Buffer | null {
  const { body } = exchange;
  return body.chunked === null ? feedLength(exchange, bytes) : feedChunks(connection, exchange, bytes);
}

function feedLength(exchange: FrontExchange, bytes: Buffer): Buffer {
  const { body, handle } = exchange;
  const taken = Math.min(body.left, bytes.length);
  body.left -= taken;
  body.taken += taken;
  if (taken > 0) handle?.bodyChunk(taken === bytes.length ? bytes : bytes.subarray(0, taken));
  if (body.left === 0) endBody(exchange);
  return bytes.subarray(taken);
}

function feedChunks(connection: FrontConnection, exchange: FrontExchange, bytes: Buffer): Buffer | null {
  const { body } = exchange;
  if (body.chunked === null) return bytes;
  const most = connection.shared.limits.bodyBytes;
  const data: ChunkData = (from, start, end) => {
    body.taken += end - start;
    if (most === 0 || body.taken <= most) exchange.handle?.bodyChunk(from.subarray(start, end));
  };
  const reading = readChunked(body.chunked, bytes, 0, bytes.length, data);
  if (most > 0 && body.taken > most) {
    return breakOff(connection, exchange, 413, "the body is larger than limits.request_body");
  }
  if (reading.kind === "refused") return breakOff(connection, exchange, 400, reading.reason);
  if (reading.kind === "more") return bytes.subarray(bytes.length);
  endBody(exchange);
  return bytes.subarray(reading.at);
}

function endBody(exchange: FrontExchange): void {
  if (exchange.body.isDone) return;
  exchange.body.isDone = true;
  exchange.handle?.bodyEnd();
}

/** The body is no body: the upstream's request is given up, and the client told while it can be. */
function breakOff(connection: FrontConnection, exchange: FrontExchange, status: number, reason: string): null {
  exchange.body.isDone = true;
  exchange.handle?.bodyBroken();
  if (exchange.hasHead) connection.socket.terminate();
  else refuse(connection, { status, reason }, exchange.head);
  return null;
}

/** The client has stopped in the middle of its body. */
export function giveBodyUp(connection: FrontConnection, exchange: FrontExchange): void {
  exchange.body.isDone = true;
  exchange.handle?.bodyBroken();
  connection.socket.terminate();
}

function clientSide(
  connection: FrontConnection,
  exchange: FrontExchange,
  next: (c: FrontConnection) => void,
): ClientSide {
  const { head } = exchange;
  return {
    method: head.method,
    version: head.version,
    framing: head.framing,
    expectsContinue: head.expectsContinue,
    ...answering(connection, exchange, next),
    pauseBody() {
      exchange.isPaused = true;
      connection.socket.pause();
    },
    resumeBody() {
      exchange.isPaused = false;
      connection.socket.resume();
    },
  };
}

function tunnelClient(
  connection: FrontConnection,
  exchange: FrontExchange,
  next: (c: FrontConnection) => void,
): TunnelClient {
  return { ...clientSide(connection, exchange, next), endTunnel: () => connection.socket.end() };
}

type Answering = Pick<ClientSide, "writeHead" | "write" | "flush" | "endBody" | "answer" | "abort" | "informational">;

function answering(
  connection: FrontConnection,
  exchange: FrontExchange,
  next: (c: FrontConnection) => void,
): Answering {
  return {
    writeHead: (head) => holdHead(connection, exchange, head),
    write: (bytes) => writeBody(connection, exchange, bytes),
    flush: () => flushHead(connection, exchange),
    endBody() {
      flushHead(connection, exchange);
      if (exchange.body.isDone && !exchange.closesAfter) next(connection);
      else closeAfterwards(connection);
    },
    answer(answer: WireAnswer) {
      exchange.hasHead = true;
      const keeps = exchange.body.isDone && exchange.head.keepAlive;
      writeAnswer(connection, exchange.head, answer, keeps ? "keep" : "close");
      if (connection.phase === "head") next(connection);
    },
    abort() {
      exchange.heldHead = null;
      connection.socket.terminate();
    },
    informational(status, reason, headers) {
      if (exchange.head.version === "1.1")
        write(connection, Buffer.from(responseHeadText(status, reason, headers), "latin1"));
    },
  };
}

function holdHead(connection: FrontConnection, exchange: FrontExchange, answer: AnswerHead): void {
  const { head } = exchange;
  exchange.hasHead = true;
  if (answer.body === "tunnel") beginTunnel(connection, exchange);
  exchange.closesAfter =
    answer.body === "until_close" || !head.keepAlive || connection.shared.isDraining || connection.clientEnded;
  const lines = [...answer.headers, ...connectionLines(exchange, answer)];
  exchange.heldHead = Buffer.from(responseHeadText(answer.status, answer.reason, lines), "latin1");
}

/** What came behind the handshake belongs to the other protocol now; it is handed on once the 101 is out. */
function beginTunnel(connection: FrontConnection, exchange: FrontExchange): void {
  const { unread } = connection;
  connection.phase = "tunnel";
  connection.unread = noBytes;
  connection.socket.resume();
  if (unread.length > 0) queueMicrotask(() => exchange.tunnel?.bytes(unread));
}

function connectionLines(exchange: FrontExchange, answer: AnswerHead): readonly (readonly [string, string])[] {
  if (answer.body === "tunnel") return [["Connection", "Upgrade"]];
  if (exchange.closesAfter) return [["Connection", "close"]];
  return exchange.head.version === "1.0" ? [["Connection", "keep-alive"]] : [];
}

function writeBody(connection: FrontConnection, exchange: FrontExchange, bytes: Uint8Array): boolean {
  const { heldHead } = exchange;
  if (heldHead === null) return write(connection, bytes);
  exchange.heldHead = null;
  if (bytes.length <= joinableBytes) return write(connection, Buffer.concat([heldHead, bytes]));
  write(connection, heldHead);
  return write(connection, bytes);
}

function flushHead(connection: FrontConnection, exchange: FrontExchange): void {
  const { heldHead } = exchange;
  exchange.heldHead = null;
  if (heldHead !== null) write(connection, heldHead);
}
