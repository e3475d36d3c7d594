import { Failure } from "../../core/failure.ts";
import type { Forwarding } from "../../ports/wire.ts";
import { requestHeadText } from "../message/request-text.ts";
import { isRefusedAddress } from "../upstream/checked-addresses.ts";
import type { Pool } from "../upstream/pool.ts";
import { upstreamName } from "../upstream/upstream-address.ts";
import { cut, resumeReading, type UpstreamConnection } from "../upstream/upstream-connection.ts";
import { framedLines } from "../upstream/upstream-request-lines.ts";
import { answerEnded, takeAnswer, unusable } from "./pass-answer.ts";
import type { ClientSide, PassHandle } from "./pass-client.ts";
import { type Exchange, fail, leave, type SwitchedProtocols } from "./pass-exchange.ts";
import { endUpload, goOnUploading, renewTime, sendHead, sendPayload } from "./pass-upload.ts";

/**
 * Passes a request on and its answer back, streaming both. `client` is called only after this has returned. Failures before an answer's
 * head went to the client are answered by `pass.failed`: upstream_unreachable, upstream_timeout, upstream_not_carried (what can't stand
 * in a message).
 */
export function pass(pool: Pool, pass: Forwarding, client: ClientSide): PassHandle {
  return startExchange(pool, pass, client, null);
}

/** The same for a request that asks for another protocol; `switched` gets the upstream's 101, which nobody has checked yet. */
export function startExchange(
  pool: Pool,
  pass: Forwarding,
  client: ClientSide,
  switched: SwitchedProtocols | null,
): Exchange {
  const headText = headOf(pass, client, switched);
  const exchange = newExchange(pool, pass, client, switched, headText ?? "");
  if (headText === null) {
    queueMicrotask(() => fail(exchange, "upstream_not_carried", "upstream: the request can't be sent as it is"));
  } else {
    occupy(exchange, pool.take(pass.request.upstream, exchange));
  }
  return exchange;
}

function headOf({ request }: Forwarding, client: ClientSide, switched: SwitchedProtocols | null): string | null {
  const lines = framedLines(request.headers, client.framing);
  const headers =
    switched === null ? lines : [...lines, ["Connection", "Upgrade"] as const, ["Upgrade", "websocket"] as const];
  try {
    return requestHeadText(request.method, request.target, headers, request.own);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function newExchange(
  pool: Pool,
  pass: Forwarding,
  client: ClientSide,
  switched: SwitchedProtocols | null,
  headText: string,
): Exchange {
  const { framing } = client;
  const hasBody = framing.kind === "chunked" || (framing.kind === "length" && framing.bytes > 0);
  return {
    pool,
    pass,
    client,
    switched,
    connection: null,
    headText,
    unsentHead: headText,
    phase: "asking",
    upload: hasBody ? "running" : "whole",
    hasBegunBody: false,
    holdsClient: false,
    hasRetried: false,
    received: null,
    searchedTo: 0,
    interimHeads: 0,
    body: { kind: "none" },
    isFull: false,
    keepsConnection: false,
    expiresAt: Number.POSITIVE_INFINITY,
    opened: onOpened,
    bytes: onBytes,
    drained: onDrained,
    ended: onEnded,
    lost: onLost,
    expired: onExpired,
    bodyChunk: onBodyChunk,
    bodyEnd: onBodyEnd,
    bodyBroken: onBodyBroken,
    clientDrained: onClientDrained,
    clientGone: onClientGone,
  };
}

function occupy(exchange: Exchange, connection: UpstreamConnection): void {
  const { pool } = exchange;
  exchange.connection = connection;
  if (connection.state === "open") renewTime(exchange);
  else if (pool.connectSeconds > 0) exchange.expiresAt = pool.now() + pool.connectSeconds;
  sendHead(exchange);
}

function onOpened(this: Exchange): void {
  renewTime(this);
}

function onBytes(this: Exchange, bytes: Buffer): void {
  takeAnswer(this, bytes);
}

function onDrained(this: Exchange): void {
  goOnUploading(this);
}

function onEnded(this: Exchange): void {
  if (mayRetry(this)) retry(this);
  else answerEnded(this);
}

function onLost(this: Exchange, code: string): void {
  if (mayRetry(this)) retry(this);
  else fail(this, isRefusedAddress(code) ? "upstream_refused" : "upstream_unreachable", unusable(this, code));
}

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * A pooled connection that the upstream closed while the request was on its way: an idempotent request that has got no byte of an answer,
 * and of whose body none was sent, is sent once more (RFC 9110 9.2.2; UPS-10).
 */
function mayRetry(exchange: Exchange): boolean {
  return (
    exchange.phase === "asking" &&
    exchange.connection?.isReused === true &&
    !exchange.hasRetried &&
    !exchange.hasBegunBody &&
    exchange.received === null &&
    exchange.interimHeads === 0 &&
    idempotent.has(exchange.pass.request.method)
  );
}

/** On a new connection: another pooled one may be as old. */
function retry(exchange: Exchange): void {
  exchange.hasRetried = true;
  exchange.unsentHead = exchange.headText;
  if (exchange.connection !== null) cut(exchange.connection);
  occupy(exchange, exchange.pool.open(exchange.pass.request.upstream, exchange));
}

function onExpired(this: Exchange): void {
  const { connection, pool, pass } = this;
  const name = upstreamName(pass.request.upstream);
  if (connection?.state === "connecting") {
    fail(this, "upstream_timeout", `upstream: "${name}" accepted no connection for ${pool.connectSeconds} s`);
  } else if (this.upload === "running" && this.hasBegunBody && connection?.waiting.length === 0) {
    renewTime(this); // it is the client that is silent, and the front's limits are for that
  } else {
    fail(this, "upstream_timeout", `upstream: "${name}" sent nothing for ${pass.request.timeoutSeconds} s`);
  }
}

function onBodyChunk(this: Exchange, bytes: Uint8Array): void {
  if (this.phase !== "over") sendPayload(this, bytes);
}

function onBodyEnd(this: Exchange): void {
  if (this.phase !== "over") endUpload(this);
}

/** Half a body must not look like a whole one: the connection goes with it. */
function onBodyBroken(this: Exchange): void {
  leave(this);
}

function onClientDrained(this: Exchange): void {
  this.isFull = false;
  if (this.phase !== "over" && this.connection !== null) resumeReading(this.connection);
}

function onClientGone(this: Exchange): void {
  leave(this);
}
