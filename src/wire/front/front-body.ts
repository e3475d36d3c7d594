import { type ChunkData, readChunked } from "../message/chunked.ts";
import { refuse } from "./front-output.ts";
import type { FrontConnection, FrontExchange } from "./front-state.ts";

/** How often a body's rate is looked at, and what must have come since: slower is cut (DOS-02). */
export const rateMilliseconds = 20_000;
export const leastBytes = 1024;

/** Why a body is not read to its end, with the status that says so. */
interface BodyRefused {
  readonly status: number;
  readonly reason: string;
}

export const tooLarge: BodyRefused = { status: 413, reason: "the body is larger than is taken" };
export const tooSlow: BodyRefused = { status: 408, reason: "the request's body comes too slowly" };

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
  const most = exchange.mostBytes;
  const data: ChunkData = (from, start, end) => {
    body.taken += end - start;
    if (most === 0 || body.taken <= most) exchange.handle?.bodyChunk(from.subarray(start, end));
  };
  const reading = readChunked(body.chunked, bytes, 0, bytes.length, data);
  if (most > 0 && body.taken > most) {
    return breakOff(connection, exchange, tooLarge);
  }
  if (reading.kind === "refused") return breakOff(connection, exchange, { status: 400, reason: reading.reason });
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
export function breakOff(connection: FrontConnection, exchange: FrontExchange, refused: BodyRefused): null {
  exchange.body.isDone = true;
  exchange.handle?.bodyBroken();
  if (exchange.hasHead) connection.socket.terminate();
  else refuse(connection, refused, exchange.head);
  return null;
}

/** The client has stopped in the middle of its body. */
export function giveBodyUp(connection: FrontConnection, exchange: FrontExchange): void {
  exchange.body.isDone = true;
  exchange.handle?.bodyBroken();
  connection.socket.terminate();
}
