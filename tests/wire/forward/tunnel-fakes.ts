import { createHash } from "node:crypto";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import type { TunnelUpstream } from "../../../src/wire/forward/sides.ts";
import { openTunnel } from "../../../src/wire/forward/tunnel.ts";
import type { Pool } from "../../../src/wire/upstream/pool.ts";
import type { RawExchange, RawUpstream } from "../../fakes/upstream.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { forwardingTo, poolWith, type RecordingClient, recordingClient, upstreamAt } from "./fakes.ts";

/** The lines of a handshake without its hop-by-hop lines. */
export const handshake: HeaderLines = [
  ["Host", "app.test"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Extensions", "permessage-deflate"],
];

/** A valid 101 to the request with this head, with `more` lines (RFC 6455 4.2.2). */
export function switchingTo(head: string, more = ""): string {
  const key = /\r\nSec-WebSocket-Key: ([^\r]*)/.exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

export interface OpenedTunnel {
  readonly client: RecordingClient;
  readonly handle: TunnelUpstream;
  readonly pool: Pool;
  /** The calls of the tunnel's life, in order. */
  readonly events: string[];
  close(code: number, reason: string): void;
}

/** A tunnel through a new pool; `close` may be called once it was opened. */
export function tunnelTo(hostAndPort: string, pool: Pool = poolWith()): OpenedTunnel {
  const client = recordingClient();
  const events: string[] = [];
  let close: (code: number, reason: string) => void = () => undefined;
  const forwarding = {
    ...forwardingTo(upstreamAt(hostAndPort), { headers: handshake }),
    answered: (status: number) => void events.push(`answered ${status}`),
  };
  const life = {
    opened(closing: (code: number, reason: string) => void) {
      events.push("opened");
      close = closing;
    },
    closed: () => void events.push("closed"),
  };
  const handle = openTunnel(pool, forwarding, life, client);
  return { client, handle, pool, events, close: (code, reason) => close(code, reason) };
}

/** A tunnel that is open, with its upstream's side. */
export interface HeardTunnel extends OpenedTunnel {
  readonly exchange: RawExchange;
  readonly heard: ReturnType<typeof heardBy>;
}

/** Opens a tunnel to an upstream that answers 101. */
export async function heardTunnel(upstream: RawUpstream, pool?: Pool): Promise<HeardTunnel> {
  const tunnel = tunnelTo(upstream.hostAndPort, pool);
  await tunnel.client.has("[tunnel]101");
  const [exchange] = upstream.exchanges;
  if (exchange === undefined) throw new Error("no request came");
  return { ...tunnel, exchange, heard: heardBy(exchange) };
}

/** What arrives on the exchange's socket after the request head, from now on. */
export function heardBy(exchange: RawExchange): { text(): string; has(part: string): Promise<number> } {
  let text = "";
  exchange.socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  const has = (part: string): Promise<number> => waitUntil(() => text.includes(part));
  return { text: () => text, has };
}

/** A frame of a server, as a byte string; `opcode` with its FIN bit (RFC 6455 5.2). */
export function frame(opcode: number, payload: string): string {
  const { length } = payload;
  const head =
    length < 126
      ? [opcode, length]
      : length < 65536
        ? [opcode, 126, length >> 8, length & 255]
        : [opcode, 127, 0, 0, 0, 0, ...bytesOf(length)];
  return Buffer.from(head).toString("latin1") + payload;
}

/** The same of a client: masked with zeros. */
export function maskedFrame(opcode: number, payload: string): string {
  const bare = frame(opcode, payload);
  const headLength = bare.length - payload.length;
  const second = String.fromCharCode(bare.charCodeAt(1) | 0x80);
  return `${bare.slice(0, 1)}${second}${bare.slice(2, headLength)}\0\0\0\0${payload}`;
}

function bytesOf(length: number): number[] {
  return [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
}
