import { chmodSync } from "node:fs";
import http from "node:http";
import type { Server, ServerWebSocket } from "bun";
import type { ListenAddress } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import { answerRequest } from "../http/bun-server.ts";
import type { Deps } from "../http/deps.ts";
import type { Bridge, ClientSocket } from "../http/web-socket-bridge.ts";
import type { TlsEntry } from "../tls/tls-options.ts";

/** A listener that is up. */
export interface Listener {
  readonly kind: "http" | "https" | "metrics";
  readonly address: string; //                     as it can be opened: http://127.0.0.1:9000 or unix:/path
  readonly port: number | null;
  inFlight(): number;
  /** Takes no new connection; resolves when nothing is in flight. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  stop(): Promise<void>;
}

/** The state of one client WebSocket in the server's hands. */
interface SocketState {
  readonly opened: (socket: ClientSocket) => Bridge;
  bridge: Bridge | null;
}

/** Bun counts an idle limit in whole seconds up to this; more is no limit. */
const longestIdleSeconds = 255;

/** A refusal for what must never happen: no handler may end without an answer, since `undefined` would be sent as 204, an allow. */
function internalError(): Response {
  return new Response("internal error\n", { status: 500, headers: { "cache-control": "no-store" } });
}

/** Listens for the outpost's own traffic; `deps` gives the ones in force, which a reload replaces. Throws Failure config_unusable when the address can't be bound. */
export function listenOutpost(
  deps: () => Deps,
  kind: "http" | "https",
  address: ListenAddress,
  tls: readonly TlsEntry[] | null,
): Listener {
  const scheme = kind;
  const { limits } = deps();
  allowHeaderBytes(limits.requestHeaderBytes);
  const server = bind(address, (where) =>
    Bun.serve<SocketState>({
      ...where,
      ...(tls === null ? {} : { tls: [...tls] }),
      development: false,
      idleTimeout: idleLimit(limits.idleSeconds),
      maxRequestBodySize: limits.requestBodyBytes === 0 ? Number.MAX_SAFE_INTEGER : limits.requestBodyBytes,
      error: internalError,
      async fetch(raw, self) {
        const state = { upgraded: false };
        const response = await answerRequest(deps(), raw, {
          scheme,
          peerAddress: address.kind === "unix" ? "" : (self.requestIP(raw)?.address ?? "unknown"),
          upgrade(headers, opened) {
            state.upgraded = self.upgrade(raw, { headers, data: { opened, bridge: null } });
            return state.upgraded;
          },
          mayTakeLong(until) {
            self.timeout(raw, 0);
            void until.then(() => self.timeout(raw, idleLimit(limits.idleSeconds)));
          },
        });
        return response ?? (state.upgraded ? undefined : internalError());
      },
      websocket: {
        idleTimeout: longestIdleSeconds,
        sendPings: true,
        maxPayloadLength: 64 * 1024 * 1024,
        backpressureLimit: 64 * 1024 * 1024,
        open(socket) {
          socket.data.bridge = socket.data.opened(clientSocket(socket));
        },
        message: (socket, data) => socket.data.bridge?.message(data),
        close: (socket, code, reason) => socket.data.bridge?.closed(code, reason),
        drain: (socket) => socket.data.bridge?.drained(),
      },
    }),
  );
  return listener(kind, address, server);
}

/** Listens for metrics and health. Throws Failure config_unusable when the address can't be bound. */
export function listenAdmin(
  address: ListenAddress,
  fetch: (request: Request) => Response | Promise<Response>,
): Listener {
  const server = bind(address, (where) => Bun.serve({ ...where, development: false, error: internalError, fetch }));
  return listener("metrics", address, server);
}

interface Where {
  readonly hostname: string;
  readonly port: number;
}

function bind<Data>(address: ListenAddress, serve: (where: Where) => Server<Data>): Server<Data> {
  try {
    const server = serve(whereOf(address));
    // a socket made under umask 022 lets no other user connect, and a reverse proxy is one
    if (address.kind === "unix") chmodSync(address.path, 0o660);
    return server;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("config_unusable", `listen: cannot listen on ${addressText(address)}: ${reason}`, { cause });
  }
}

function whereOf(address: ListenAddress): Where {
  if (address.kind === "tcp") return { hostname: address.hostname, port: address.port };
  // as: bun-types 1.4.5 lists `idleTimeout` beside a host and port only; the server takes it beside `unix` as well
  return { unix: address.path } as unknown as Where;
}

function listener<Data>(kind: Listener["kind"], address: ListenAddress, server: Server<Data>): Listener {
  const port = address.kind === "unix" ? null : (server.port ?? null);
  const text = address.kind === "unix" ? addressText(address) : addressText({ ...address, port: port ?? address.port });
  return {
    kind,
    address: address.kind === "unix" ? text : `${kind === "https" ? "https" : "http"}://${text}`,
    port,
    inFlight: () => server.pendingRequests,
    drain: () => server.stop(false),
    stop: () => server.stop(true),
  };
}

function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname}:${address.port}`;
}

function idleLimit(seconds: number): number {
  return seconds === 0 || seconds > longestIdleSeconds ? longestIdleSeconds : Math.max(1, Math.ceil(seconds));
}

/** Bun.serve takes its limit on a request's head (16 KiB, 431 above) from node:http, for the whole process. */
function allowHeaderBytes(bytes: number): void {
  // as: Node's types have it read-only; Bun 1.4.5 takes it (measured: 60 KiB pass with 64 KiB set)
  (http as { maxHeaderSize: number }).maxHeaderSize = bytes;
}

function clientSocket(socket: ServerWebSocket<SocketState>): ClientSocket {
  return {
    send(data) {
      socket.send(data);
      return socket.getBufferedAmount();
    },
    close: (code, reason) => socket.close(code, reason),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    terminate: () => socket.terminate(),
  };
}
