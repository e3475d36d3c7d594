import type { Reply, WireRequest } from "../../ports/wire.ts";
import { hasContent, type RequestHead, readRequestHead } from "../message/request-head.ts";
import type { ByteSocket, SocketOwner } from "../socket/byte-socket.ts";
import { endLife } from "./front-answer.ts";
import { feedBody, giveBodyUp } from "./front-body.ts";
import { passRequest } from "./front-exchange.ts";
import { closeAfterwards, closingMilliseconds, refuse, writeAnswer } from "./front-output.ts";
import { type FrontConnection, type FrontShared, noBytes } from "./front-state.ts";

const headMilliseconds = 10_000; //                 from a head's first byte to its last (DOS-02)
const enoughUnread = 64 * 1024; //                  more is not read ahead of the request in hand

/**
 * Serves one client connection: reads its requests one after the other, in order, and carries out what the handler says. `left` is called
 * when it has gone.
 */
export function serveConnection(shared: FrontShared, socket: ByteSocket, left: () => void = nobodyCares): SocketOwner {
  const connection: FrontConnection = {
    shared,
    socket,
    phase: "head",
    unread: noBytes,
    searchedTo: 0,
    deadline: idleDeadline(shared),
    stalledSince: 0,
    clientEnded: false,
    exchange: null,
    left,
    data: onData,
    drained: onDrained,
    ended: onEnded,
    closed: onClosed,
    failed: onFailed,
  };
  shared.connections.add(connection);
  return connection;
}

function nobodyCares(): void {}

function onData(this: FrontConnection, bytes: Buffer): void {
  switch (this.phase) {
    case "head":
      this.unread = joined(this.unread, bytes);
      readHeads(this);
      return;
    case "deciding":
      keepUnread(this, bytes);
      return;
    case "passing":
      feed(this, bytes);
      return;
    case "tunnel":
      this.exchange?.tunnel?.bytes(bytes);
      return;
    case "closing":
    case "gone":
      return;
  }
}

function feed(connection: FrontConnection, bytes: Buffer): void {
  const { exchange } = connection;
  const isOver = exchange === null || exchange.body.isDone;
  const rest = isOver ? bytes : feedBody(connection, exchange, bytes);
  if (rest !== null && rest.length > 0) keepUnread(connection, rest);
}

/** Bytes of a request that is not due yet wait here; a client that sends far ahead is not read. */
function keepUnread(connection: FrontConnection, bytes: Buffer): void {
  connection.unread = joined(connection.unread, bytes);
  if (connection.unread.length > enoughUnread) connection.socket.pause();
}

function joined(before: Buffer, bytes: Buffer): Buffer {
  return before.length === 0 ? bytes : Buffer.concat([before, bytes]);
}

/** Reads requests for as long as whole heads are there and none is in hand. */
function readHeads(connection: FrontConnection): void {
  while (connection.phase === "head") {
    const { unread, shared } = connection;
    if (unread.length === 0) {
      waitForMore(connection, 0);
      return;
    }
    const reading = readRequestHead(unread, 0, unread.length, shared.headLimits, connection.searchedTo);
    if (reading.kind !== "head") {
      if (reading.kind === "refused") refuse(connection, reading);
      else waitForMore(connection, reading.searchedTo);
      return;
    }
    connection.unread = unread.length === reading.end ? noBytes : unread.subarray(reading.end);
    connection.searchedTo = 0;
    connection.deadline = 0;
    begin(connection, reading.head);
  }
}

function waitForMore(connection: FrontConnection, searchedTo: number): void {
  const isFirst = connection.searchedTo === 0;
  connection.searchedTo = searchedTo;
  if (connection.unread.length === 0) connection.deadline = idleDeadline(connection.shared);
  else if (isFirst) connection.deadline = Date.now() + headMilliseconds;
  if (connection.clientEnded) closeAfterwards(connection);
}

function begin(connection: FrontConnection, head: RequestHead): void {
  const { shared, socket } = connection;
  const { bodyBytes } = shared.limits;
  if (bodyBytes > 0 && head.framing.kind === "length" && head.framing.bytes > bodyBytes) {
    refuse(connection, { status: 413, reason: "the body is larger than limits.request_body" }, head);
    return;
  }
  connection.phase = "deciding";
  const request: WireRequest = {
    method: head.method,
    target: head.target,
    headers: head.headers,
    scheme: shared.scheme,
    peerAddress: socket.peerAddress,
    serverName: socket.serverName,
    hasBody: hasContent(head.framing),
  };
  const reply = shared.handler(request);
  if (reply instanceof Promise) void reply.then((decided) => carryOutLater(connection, head, decided));
  else carryOut(connection, head, reply);
}

/** The same after a wait, in which the client may have left; and the requests behind it are due. */
function carryOutLater(connection: FrontConnection, head: RequestHead, reply: Reply): void {
  if (connection.phase !== "deciding") return;
  carryOut(connection, head, reply);
  if (isFree(connection)) nextRequest(connection);
}

/** Apart, since the compiler takes a phase that was compared for the one it still is. */
function isFree({ phase }: FrontConnection): boolean {
  return phase === "head";
}

function carryOut(connection: FrontConnection, head: RequestHead, reply: Reply): void {
  if (reply.kind === "answer") {
    const skipped = skipBody(connection, head);
    writeAnswer(connection, head, reply.answer, skipped && head.keepAlive ? "keep" : "close");
  } else {
    passRequest(connection, head, reply, nextRequest);
  }
}

/** A body that has come whole already is passed over; any other ends the connection, since nobody has asked for it. */
function skipBody(connection: FrontConnection, head: RequestHead): boolean {
  if (!hasContent(head.framing)) return true;
  if (head.framing.kind !== "length" || connection.unread.length < head.framing.bytes) return false;
  connection.unread = connection.unread.subarray(head.framing.bytes);
  return true;
}

/** The connection is free for its next request. */
function nextRequest(connection: FrontConnection): void {
  connection.exchange = null;
  connection.phase = "head";
  connection.deadline = idleDeadline(connection.shared);
  connection.socket.resume();
  if (connection.unread.length > 0) readHeads(connection);
  else if (connection.shared.isDraining || connection.clientEnded) closeAfterwards(connection);
}

function idleDeadline({ limits }: FrontShared): number {
  return limits.idleSeconds === 0 ? 0 : Date.now() + limits.idleSeconds * 1000;
}

function onDrained(this: FrontConnection): void {
  this.stalledSince = 0;
  if (this.phase === "closing") this.deadline = Date.now() + closingMilliseconds;
  this.exchange?.handle?.clientDrained();
  this.exchange?.tunnel?.clientDrained();
}

function onEnded(this: FrontConnection): void {
  this.clientEnded = true;
  const { exchange } = this;
  switch (this.phase) {
    case "head":
      closeAfterwards(this);
      return;
    case "passing":
      if (exchange !== null && !exchange.body.isDone) giveBodyUp(this, exchange);
      return;
    case "tunnel":
      exchange?.tunnel?.clientEnded();
      return;
    case "deciding":
    case "closing":
    case "gone":
      return;
  }
}

/** A fault of ours: told where refusals are told. What it was about is lost with the connection, and nobody is let in by it. */
function onFailed(this: FrontConnection, error: Error): void {
  const { shared, socket } = this;
  shared.refusal({
    status: 500,
    reason: `internal error: ${error.stack ?? error.message}`,
    peerAddress: socket.peerAddress,
  });
}

function onClosed(this: FrontConnection): void {
  const { exchange } = this;
  this.phase = "gone";
  this.exchange = null;
  this.shared.connections.delete(this);
  this.left();
  exchange?.handle?.clientGone();
  exchange?.tunnel?.clientGone();
  if (exchange !== null) endLife(exchange);
}
