import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import type { Reply, WireHandler } from "../../src/ports/wire.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { ClientConnection } from "../../src/wire/client/connection.ts";
import { headLimitsOf, sweepConnections } from "../../src/wire/client/listener.ts";
import type { ListenerContext } from "../../src/wire/client/listener-context.ts";
import type { ByteListener, ByteSocket } from "../../src/wire/socket/byte-socket.ts";
import { listenPlain } from "../../src/wire/socket/plain-listener.ts";
import { listenTls } from "../../src/wire/socket/tls-listener.ts";
import type { Pool } from "../../src/wire/upstream/pool.ts";
import { waitUntil } from "../fakes/waits.ts";
import { ample, roomFor } from "./client/connection-rooms.ts";
import { forwardingTo, poolWith, upstreamAt } from "./forward/fakes.ts";

/** The whole wire on one port in front of one upstream, with its internals; only the test sweeps it. */
export interface WholeWire {
  readonly port: number;
  readonly shared: ListenerContext;
  readonly pool: Pool;
  /** A client's socket, connected. */
  client(): Promise<Client>;
  /** Resolves when no connection is left on either side; rejects after five seconds. */
  quiet(): Promise<number>;
  /** Applies every limit as if so many seconds had passed. */
  elapse(seconds: number): void;
  stop(): void;
}

/** A client's socket, and the TCP socket below it: the same one without TLS. */
export interface Client {
  readonly socket: Socket;
  readonly carrier: Socket;
  /** The text received so far. */
  text(): string;
  /** Resolves when `part` has arrived; rejects if the connection ends before, or after five seconds. */
  has(part: string): Promise<number>;
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
}

export type Carrier = "plain" | "tls";

/** A self-signed certificate of app.test. */
export const certificate = makeSelfSigned({ names: ["app.test"], days: 30, now: Math.floor(Date.now() / 1000) });

/** Forwards every request to 127.0.0.1:`upstream`; a WebSocket becomes a tunnel. */
export function forwardsTo(upstream: number): WireHandler {
  const to = forwardingTo(upstreamAt(`127.0.0.1:${upstream}`));
  return ({ method, target, headers }): Reply => {
    const hop = new Set(["connection", "upgrade", "transfer-encoding"]);
    const kept = headers.filter(([name]) => !hop.has(name.toLowerCase()));
    const forwarding = { ...to, request: { ...to.request, method, target, headers: kept } };
    return headers.some(([name]) => name.toLowerCase() === "upgrade")
      ? { kind: "tunnel", forwarding, life: { opened: () => undefined, closed: () => undefined } }
      : { kind: "forward", forwarding, life: null };
  };
}

export async function startWholeWire(carrier: Carrier, handler: WireHandler): Promise<WholeWire> {
  let shift = 0;
  const pool = poolWith({ now: () => Date.now() / 1000 + shift });
  const shared: ListenerContext = {
    scheme: carrier === "tls" ? "https" : "http",
    handler,
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool,
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
    headLimits: headLimitsOf({ headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 }),
    room: roomFor(ample).room,
    connections: new Set(),
    isDraining: false,
  };
  const address = { kind: "tcp", hostname: "127.0.0.1", port: 0 } as const;
  const accept = (socket: ByteSocket) => new ClientConnection(shared, socket);
  const open = { admit: () => true, left: () => undefined };
  const listener: ByteListener =
    carrier === "plain"
      ? listenPlain(address, accept)
      : await listenTls(address, { fallback: certificate, named: [], minVersion: "1.2" }, open, accept);
  const port = listener.port ?? 0;
  return {
    port,
    shared,
    pool,
    client: () => connectClient(carrier, port),
    quiet: () => waitUntil(() => shared.connections.size === 0 && pool.count().inUse === 0),
    elapse(seconds) {
      shift += seconds;
      pool.sweep();
      sweepConnections(shared, Date.now() + shift * 1000);
    },
    stop() {
      listener.stop();
      for (const connection of [...shared.connections]) connection.socket.terminate();
      pool.drain();
    },
  };
}

async function connectClient(carrier: Carrier, port: number): Promise<Client> {
  const raw = connectPlain({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  raw.on("error", () => undefined);
  const socket: Socket = carrier === "plain" ? raw : connectSecure({ socket: raw, rejectUnauthorized: false });
  socket.allowHalfOpen = true;
  await new Promise<void>((up, down) => {
    socket.once(carrier === "plain" ? "connect" : "secureConnect", up);
    socket.once("error", down);
  });
  let text = "";
  let isOver = false;
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = () => {
    isOver = true;
    resolve();
  };
  for (const event of ["end", "close", "error"]) socket.on(event, end);
  return {
    socket,
    carrier: raw,
    text: () => text,
    has: (part) =>
      waitUntil(() => {
        if (text.includes(part)) return true;
        if (isOver) throw new Error(`it ended before ${JSON.stringify(part)}: ${JSON.stringify(text)}`);
        return false;
      }),
    over,
  };
}
