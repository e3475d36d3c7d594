import type { ReadBody, Reply, StreamLife } from "../../ports/wire.ts";
import { startChunked } from "../message/chunked.ts";
import { hasContent, type RequestHead } from "../message/request-head.ts";
import { pass } from "../pass/pass.ts";
import type { ClientSide, PassHandle } from "../pass/pass-client.ts";
import { openTunnel } from "../pass/tunnel.ts";
import { answering } from "./front-answer.ts";
import { feedBody, rateMilliseconds, tooLarge } from "./front-body.ts";
import { refuse } from "./front-output.ts";
import { type BodyReading, type FrontConnection, type FrontExchange, noBytes } from "./front-state.ts";
import { readBody } from "./read-body.ts";

/** What besides data a chunked request may hold. */
const chunkedLimits = { extensionBytes: 4096, trailerBytes: 8192, trailerFields: 50 };

/** How long a body that is read here may take. */
const readMilliseconds = 10_000;

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
  const exchange = startExchange(connection, head, most, reply.kind === "forward" ? reply.life : null, next);
  connection.exchange = exchange;
  connection.phase = "passing";
  if (reply.kind === "tunnel") {
    exchange.tunnel = openTunnel(connection.shared.pool, reply.forwarding, reply.life, exchange);
    return;
  }
  const handle =
    reply.kind === "forward"
      ? pass(connection.shared.pool, reply.forwarding, exchange)
      : startReading(connection, reply, exchange);
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

function startExchange(
  connection: FrontConnection,
  head: RequestHead,
  mostBytes: number,
  life: StreamLife | null,
  next: (connection: FrontConnection) => void,
): FrontExchange {
  const { framing } = head;
  const body: BodyReading = {
    isDone: !hasContent(framing),
    left: framing.kind === "length" ? framing.bytes : 0,
    chunked: framing.kind === "chunked" ? startChunked(chunkedLimits) : null,
    taken: 0,
    checkAt: hasContent(framing) ? Date.now() + rateMilliseconds : 0,
    checkTaken: 0,
  };
  return {
    connection,
    method: head.method,
    version: head.version,
    framing,
    expectsContinue: head.expectsContinue,
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
    next,
    writeHead: answering.writeHead,
    write: answering.write,
    flush: answering.flush,
    endBody: answering.endBody,
    answer: answering.answer,
    abort: answering.abort,
    informational: answering.informational,
    pauseBody,
    resumeBody,
    endTunnel,
    cut,
  };
}

function pauseBody(this: FrontExchange): void {
  this.isPaused = true;
  this.connection.socket.pause();
}

function resumeBody(this: FrontExchange): void {
  this.isPaused = false;
  this.connection.socket.resume();
}

function cut(this: FrontExchange): void {
  this.handle?.clientGone();
  this.connection.socket.terminate();
}

function endTunnel(this: FrontExchange): void {
  this.connection.socket.end();
}
