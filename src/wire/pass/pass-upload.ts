import { chunkHead, chunkTail, lastChunk } from "../message/chunk-text.ts";
import { send, sendText } from "../upstream/upstream-connection.ts";
import type { Exchange } from "./pass-exchange.ts";

/** With no more than this, bytes are copied to go out in one piece with the text around them. */
const joinableBytes = 64 * 1024;

/** Sends the head, or, before the first bytes of a body, waits for them until the end of this turn: both go out in one piece. */
export function sendHead(exchange: Exchange): void {
  if (exchange.client.framing.kind === "none") sendUnsentHead(exchange);
  else queueMicrotask(() => sendUnsentHead(exchange));
}

function sendUnsentHead(exchange: Exchange): void {
  const { connection, unsentHead } = exchange;
  if (connection === null || unsentHead === "") return;
  exchange.unsentHead = "";
  sendText(connection, unsentHead);
}

/** Begins the time in which the upstream must answer. */
export function renewTime(exchange: Exchange): void {
  const { timeoutSeconds } = exchange.pass.request;
  exchange.expiresAt = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : exchange.pool.now() + timeoutSeconds;
}

/** Sends payload of the request's body on, in its framing, and stops the client while it can't go on. */
export function sendPayload(exchange: Exchange, bytes: Uint8Array): void {
  const { connection, client } = exchange;
  if (exchange.upload !== "running" || connection === null || bytes.length === 0) return;
  const isChunked = client.framing.kind === "chunked";
  const before = isChunked ? exchange.unsentHead + chunkHead(bytes.length) : exchange.unsentHead;
  exchange.unsentHead = "";
  exchange.hasBegunBody = true;
  // The limit is on the upstream's silence: a slow client that still sends does not use it up
  if (exchange.phase === "asking" && connection.state === "open") renewTime(exchange);
  const isTaken = sendAround(exchange, before, bytes, isChunked ? chunkTail : "");
  if (isTaken || exchange.holdsClient) return;
  exchange.holdsClient = true;
  client.pauseBody();
}

function sendAround(exchange: Exchange, before: string, bytes: Uint8Array, after: string): boolean {
  const { connection } = exchange;
  if (connection === null) return false;
  if (before === "" && after === "") return send(connection, bytes);
  if (bytes.length <= joinableBytes) {
    return send(connection, Buffer.concat([Buffer.from(before, "latin1"), bytes, Buffer.from(after, "latin1")]));
  }
  sendText(connection, before);
  const isTaken = send(connection, bytes);
  return after === "" ? isTaken : sendText(connection, after);
}

/** The request's body is whole. */
export function endUpload(exchange: Exchange): void {
  if (exchange.upload !== "running") return;
  exchange.upload = "whole";
  const { connection, client } = exchange;
  if (connection === null || client.framing.kind !== "chunked") return;
  const before = exchange.unsentHead;
  exchange.unsentHead = "";
  sendText(connection, before + lastChunk([]));
}

/** What waited for the upstream is sent: the client may go on. */
export function goOnUploading(exchange: Exchange): void {
  if (!exchange.holdsClient) return;
  exchange.holdsClient = false;
  if (exchange.phase === "asking") renewTime(exchange);
  exchange.client.resumeBody();
}
