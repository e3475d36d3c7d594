import type { ListenAddress } from "../../core/config.ts";
import { longestTarget } from "../../core/http/judged-target.ts";
import type { WireAnswer, WireHandler, WireOverload, WireRefusal } from "../../ports/wire.ts";
import type { RequestHeadLimits } from "../message/request-head.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "../socket/byte-socket.ts";
import { listenPlain } from "../socket/plain-listener.ts";
import { type Admission, listenTls, type TlsFacts } from "../socket/tls-listener.ts";
import type { Pool } from "../upstream/pool.ts";
import { answerBytes } from "./answer-bytes.ts";
import { ClientConnection } from "./connection.ts";
import type { ConnectionRoom } from "./connection-room.ts";
import type { ListenerContext, ListenerLimits } from "./listener-context.ts";

/** How to listen. */
export interface HttpListenerOptions {
  readonly address: ListenAddress;
  readonly handler: WireHandler;
  readonly refusal: WireRefusal;
  readonly pool: Pool;
  readonly limits: ListenerLimits;
  readonly room: ConnectionRoom; //                a connection for which it has no place gets the answer of `overload` (DOS-04)
  readonly overload: WireOverload;
}

/** How long a refused connection may stay: long enough for a client to read a short answer. */
const refusedMilliseconds = 2000;

/** A listener of HTTP/1.1 on raw sockets, plain or TLS. */
export class HttpListener {
  readonly port: number | null; //                 null: a unix socket
  readonly #context: ListenerContext;
  readonly #listener: ByteListener;
  readonly #replace: (facts: TlsFacts) => void;
  readonly #sweep: Timer;

  constructor(context: ListenerContext, listener: ByteListener, replace: (facts: TlsFacts) => void) {
    this.port = listener.port;
    this.#context = context;
    this.#listener = listener;
    this.#replace = replace;
    this.#sweep = setInterval(() => sweepConnections(context, Date.now()), 1000);
    this.#sweep.unref();
  }

  /** The number of requests for which the response is not out yet. */
  inFlight(): number {
    let found = 0;
    for (const { phase } of this.#context.connections) if (phase === "deciding" || phase === "exchange") found += 1;
    return found;
  }

  connections(): number {
    return this.#context.connections.size;
  }

  /** Accepts no new connection, and closes each one as it becomes idle. */
  drain(): void {
    this.#listener.stop();
    this.#context.isDraining = true;
    for (const connection of [...this.#context.connections]) connection.closeIfIdle();
  }

  /** Cuts every connection. */
  stop(): void {
    this.#listener.stop();
    clearInterval(this.#sweep);
    for (const connection of [...this.#context.connections]) connection.socket.terminate();
  }

  /** Changes the certificates of a TLS listener. */
  replaceCertificates(facts: TlsFacts): void {
    this.#replace(facts);
  }
}

/** Listens for plain HTTP. Throws the system's error if the address cannot be bound. */
export function listenHttp(options: HttpListenerOptions): HttpListener {
  const context = contextOf(options, "http");
  const { room, overload } = options;
  const left = () => room.leave();
  const listener = listenPlain(options.address, (socket) => {
    if (!room.enter()) return refuseConnection(room, overload(), socket);
    return new ClientConnection(context, socket, left);
  });
  return new HttpListener(context, listener, () => undefined);
}

/**
 * Listens for HTTP over TLS. Rejects with the system's error if the address cannot be bound. While the room is full, a new connection is
 * cut before its handshake.
 */
export async function listenHttps(options: HttpListenerOptions, facts: TlsFacts): Promise<HttpListener> {
  const context = contextOf(options, "https");
  const accept = (socket: ByteSocket) => new ClientConnection(context, socket);
  const listener = await listenTls(options.address, facts, admissionOf(options), accept);
  return new HttpListener(context, listener, (next) => listener.replace(next));
}

function admissionOf({ room, overload }: HttpListenerOptions): Admission {
  return {
    admit() {
      const isAdmitted = room.enter();
      if (!isAdmitted) overload();
      return isAdmitted;
    },
    left: () => room.leave(),
  };
}

function contextOf(options: HttpListenerOptions, scheme: "http" | "https"): ListenerContext {
  const { handler, refusal, pool, limits, room } = options;
  const headLimits = headLimitsOf(limits);
  return { scheme, handler, refusal, pool, limits, headLimits, room, connections: new Set(), isDraining: false };
}

/** The limits of a request head (DOS-03). */
export function headLimitsOf({ headBytes }: ListenerLimits): RequestHeadLimits {
  return { headBytes, targetChars: longestTarget, fields: 200 };
}

/** One coarse sweep applies all time limits of all connections. */
export function sweepConnections({ connections }: Pick<ListenerContext, "connections">, now: number): void {
  for (const connection of [...connections]) connection.sweep(now);
}

/**
 * Answers a connection for which there is no room before it has sent a request, and closes it in order: drops what arrives, so that no RST
 * overtakes the answer (RFC 9112 9.6). Clients that stay are cut soon; those above `mostRefused` are cut at once.
 */
function refuseConnection(room: ConnectionRoom, answer: WireAnswer, socket: ByteSocket): SocketOwner {
  if (!room.refuse()) {
    socket.terminate();
    return { data() {}, drained() {}, ended() {}, closed() {}, failed() {} };
  }
  const timer = setTimeout(() => socket.terminate(), refusedMilliseconds);
  socket.write(answerBytes(answer, "GET", "1.1", "close"));
  socket.end();
  return {
    data() {},
    drained() {},
    ended() {},
    failed() {},
    closed() {
      clearTimeout(timer);
      room.leaveRefused();
    },
  };
}
