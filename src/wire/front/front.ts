import type { ListenAddress } from "../../core/config.ts";
import type { WireHandler, WireOverload, WireRefusal } from "../../ports/wire.ts";
import type { RequestHeadLimits } from "../message/request-head.ts";
import type { ByteSocket } from "../socket/byte-socket.ts";
import { listenPlain } from "../socket/plain-listener.ts";
import { type Door, listenTls, type TlsFacts, type TlsListener } from "../socket/tls-listener.ts";
import type { Pool } from "../upstream/pool.ts";
import { type ConnectionRoom, enters, isFull, leaves } from "./connection-room.ts";
import { breakOff, leastBytes, rateMilliseconds, tooSlow } from "./front-body.ts";
import { serveConnection } from "./front-connection.ts";
import { closeAfterwards, refuse } from "./front-output.ts";
import type { FrontConnection, FrontLimits, FrontShared } from "./front-state.ts";
import { refuseConnection } from "./refused-connection.ts";

/** A listener of HTTP/1.1 on raw sockets, plain or TLS. */
export interface Front {
  readonly port: number | null; //                 null: a unix socket
  /** Requests that are being decided or passed. */
  inFlight(): number;
  connections(): number;
  /** Takes no new connection and closes each one as it becomes idle. */
  drain(): void;
  /** Cuts every connection. */
  stop(): void;
  /** Changes the certificates of a TLS front. */
  replaceCertificates(facts: TlsFacts): void;
}

export interface FrontOptions {
  readonly address: ListenAddress;
  readonly handler: WireHandler;
  readonly refusal: WireRefusal;
  readonly pool: Pool;
  readonly limits: FrontLimits;
  readonly room: ConnectionRoom; //                above it a connection gets what `overload` says (DOS-04)
  readonly overload: WireOverload;
}

/** How long written bytes may wait for a client that takes none. */
const stalledMilliseconds = 300_000;

/** How long a connection is left idle while there is no room for others. */
const crowdedIdleSeconds = 5;

/** Opens a plain front. Throws what the system says when the address can't be bound. */
export function plainFront(options: FrontOptions): Front {
  const shared = sharedBy(options, "http");
  const { room, overload } = options;
  const left = () => leaves(room);
  const listener = listenPlain(options.address, (socket) => {
    if (!enters(room)) return refuseConnection(room, overload(), socket);
    return serveConnection(shared, socket, left);
  });
  return { ...frontOf(shared, () => listener.stop()), port: listener.port, replaceCertificates() {} };
}

/**
 * Opens a TLS front. Rejects with what the system says when the address can't be bound. A connection for which there is no room is cut
 * before its handshake.
 */
export async function tlsFront(options: FrontOptions, facts: TlsFacts): Promise<Front> {
  const shared = sharedBy(options, "https");
  const accept = (socket: ByteSocket) => serveConnection(shared, socket);
  const listener: TlsListener = await listenTls(options.address, facts, doorOf(options), accept);
  return {
    ...frontOf(shared, () => listener.stop()),
    port: listener.port,
    replaceCertificates: (next) => listener.replace(next),
  };
}

function doorOf({ room, overload }: FrontOptions): Door {
  return {
    enters() {
      const isTaken = enters(room);
      if (!isTaken) overload();
      return isTaken;
    },
    left: () => leaves(room),
  };
}

/** What a front reads of a head (DOS-03). */
export function headLimitsOf({ headBytes }: FrontLimits): RequestHeadLimits {
  return { headBytes, targetChars: 8192, fields: 200 };
}

function sharedBy({ handler, refusal, pool, limits, room }: FrontOptions, scheme: "http" | "https"): FrontShared {
  const headLimits = headLimitsOf(limits);
  return { scheme, handler, refusal, pool, limits, headLimits, room, connections: new Set(), isDraining: false };
}

function frontOf(
  shared: FrontShared,
  stopListening: () => void,
): Pick<Front, "inFlight" | "connections" | "drain" | "stop"> {
  const sweep = setInterval(() => sweepConnections(shared, Date.now()), 1000);
  sweep.unref();
  return {
    inFlight: () => count(shared.connections, ({ phase }) => phase === "deciding" || phase === "passing"),
    connections: () => shared.connections.size,
    drain() {
      stopListening();
      shared.isDraining = true;
      for (const connection of [...shared.connections]) {
        if (connection.phase === "head" && connection.unread.length === 0) closeAfterwards(connection);
      }
    },
    stop() {
      stopListening();
      clearInterval(sweep);
      for (const connection of [...shared.connections]) connection.socket.terminate();
    },
  };
}

function count(connections: ReadonlySet<FrontConnection>, counts: (connection: FrontConnection) => boolean): number {
  let found = 0;
  for (const connection of connections) if (counts(connection)) found += 1;
  return found;
}

/** One coarse sweep serves every limit in time: of heads, bodies, idle and closing connections, and of clients that do not read (DOS-02). */
export function sweepConnections(shared: FrontShared, now: number): void {
  for (const connection of [...shared.connections]) {
    if (connection.stalledSince > 0 && now - connection.stalledSince > stalledMilliseconds)
      connection.socket.terminate();
    else if (isOverdue(connection, now)) timeOut(connection);
    else if (connection.phase === "passing") checkRate(connection, now);
  }
}

/** While there is no room for more, a connection with nothing in flight has to leave after a few seconds instead of `limits.idle` (DOS-04). */
function isOverdue({ shared, phase, unread, deadline, stalledSince }: FrontConnection, now: number): boolean {
  const isIdle = phase === "head" && unread.length === 0;
  const sooner = isIdle && isFull(shared.room) ? Math.max(0, shared.limits.idleSeconds - crowdedIdleSeconds) : 0;
  return deadline > 0 && now + sooner * 1000 > deadline && stalledSince === 0;
}

function timeOut(connection: FrontConnection): void {
  const { exchange, phase } = connection;
  if (phase === "passing" && exchange !== null) breakOff(connection, exchange, tooSlow);
  else if (phase !== "head") connection.socket.terminate();
  else if (connection.unread.length === 0) closeAfterwards(connection);
  else refuse(connection, { status: 408, reason: "the request did not come in time" });
}

function checkRate(connection: FrontConnection, now: number): void {
  const { exchange } = connection;
  if (exchange === null || exchange.body.isDone || now < exchange.body.checkAt) return;
  const { body } = exchange;
  const isSlow = !exchange.isPaused && body.taken - body.checkTaken < leastBytes;
  body.checkAt = now + rateMilliseconds;
  body.checkTaken = body.taken;
  if (isSlow) breakOff(connection, exchange, tooSlow);
}
