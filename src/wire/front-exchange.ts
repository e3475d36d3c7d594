import type { ReadBody, Reply, StreamLife, WireAnswer } from "../ports/wire.ts";
import { httpDate } from "./answer-bytes.ts";
import { startChunked } from "./chunked.ts";
import { feedBody, rateMilliseconds, tooLarge } from "./front-body.ts";
import { closeAfterwards, isLastRequest, refuse, write, writeAnswer } from "./front-output.ts";
import { type BodyReading, type FrontConnection, type FrontExchange, noBytes } from "./front-state.ts";
import { pass } from "./pass.ts";
import type { AnswerHead, ClientSide, PassHandle, TunnelClient } from "./pass-client.ts";
import { readBody } from "./read-body.ts";
import { hasContent, type RequestHead } from "./request-head.ts";
import { responseHeadText } from "./response-text.ts";
import { openTunnel } from "./tunnel.ts";

/** What besides data a chunked request may hold. */
const chunkedLimits = { extensionBytes: 4096, trailerBytes: 8192, trailerFields: 50 };

/** How long a body that is read here may take. */
const readMilliseconds = 10_000;

/** With no more than this the body's first bytes and the head before them go out in one piece. */
const joinableBytes = 16 * 1024;

/** Sends a request on, or opens a tunnel. `next` is called when the connection is free for another request. */
export function passRequest(
  connection: FrontConnection,
  head: RequestHead,
  reply: Exclude<Reply, { readonly kind: "answer" }>,
  next: (connection: FrontConnection) => void,
): void {
  const most = mostBytesOf(connection, reply);
  if (most > 0 && head.framing.kind === "length" && head.framing.bytes > most) {
    refuse(connection, tooLarge, head);
    return;
  }
  const exchange = startExchange(head, most, reply.kind === "pass" ? reply.life : null);
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
  const client = clientSide(connection, exchange, next);
  const handle =
    reply.kind === "pass" ? pass(connection.shared.pool, reply.pass, client) : startReading(connection, reply, client);
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

function mostBytesOf({ shared }: FrontConnection, reply: Reply): number {
  const { bodyBytes } = shared.limits;
  if (reply.kind !== "read_body") return bodyBytes;
  return bodyBytes === 0 ? reply.mostBytes : Math.min(reply.mostBytes, bodyBytes);
}

/** A body that is read here is waited for, and waiting has an end (DOS-02). */
function startReading(connection: FrontConnection, reply: ReadBody, client: ClientSide): PassHandle {
  connection.deadline = Date.now() + readMilliseconds;
  return readBody(reply, client, () => {
    connection.deadline = 0;
  });
}

function startExchange(head: RequestHead, mostBytes: number, life: StreamLife | null): FrontExchange {
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
    mostBytes,
    body,
    handle: null,
    tunnel: null,
    heldHead: null,
    hasHead: false,
    closesAfter: false,
    isPaused: false,
    life,
    lifeEnded: null,
  };
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
      endLife(exchange);
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
      endLife(exchange);
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
  exchange.lifeEnded = exchange.life?.begun(answer.headers, () => cutOff(connection, exchange)) ?? null;
  // RFC 9112 9.3, 9.6: an upload that is under way at the end of its answer ends with the connection, and the client is told
  exchange.closesAfter =
    answer.body === "until_close" || !head.keepAlive || !exchange.body.isDone || isLastRequest(connection);
  const lines = [...answer.headers, ...connectionLines(exchange, answer)];
  exchange.heldHead = Buffer.from(responseHeadText(answer.status, answer.reason, lines), "latin1");
}

/** Breaks an answer off in the middle: the upstream is let go, and the client can tell. */
function cutOff(connection: FrontConnection, exchange: FrontExchange): void {
  exchange.handle?.clientGone();
  connection.socket.terminate();
}

/** Says once that the answer has ended, however. */
export function endLife(exchange: FrontExchange): void {
  const { lifeEnded } = exchange;
  exchange.lifeEnded = null;
  lifeEnded?.();
}

/** What came behind the handshake belongs to the other protocol now; it is handed on once the 101 is out. */
function beginTunnel(connection: FrontConnection, exchange: FrontExchange): void {
  const { unread } = connection;
  connection.phase = "tunnel";
  connection.unread = noBytes;
  connection.socket.resume();
  if (unread.length > 0) queueMicrotask(() => exchange.tunnel?.bytes(unread));
  if (connection.clientEnded) queueMicrotask(() => exchange.tunnel?.clientEnded());
}

function connectionLines(exchange: FrontExchange, answer: AnswerHead): readonly (readonly [string, string])[] {
  if (answer.body === "tunnel") return [["Connection", "Upgrade"]];
  // RFC 9110 6.6.1: who forwards an answer without a Date adds it
  const date = answer.headers.some(([name]) => name.length === 4 && name.toLowerCase() === "date")
    ? []
    : [["date", httpDate()] as const];
  if (exchange.closesAfter) return [...date, ["Connection", "close"]];
  return exchange.head.version === "1.0" ? [...date, ["Connection", "keep-alive"]] : date;
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
