import type { Socket } from "bun";
import type { UpstreamAddress, UpstreamTls } from "./upstream-address.ts";

/** Who uses a connection at the moment. None of these is called after `lost`, nor after the connection was given up. */
export interface Occupant {
  /** The connection stands, its TLS too. Not called for one that stood already. */
  opened(): void;
  /** `bytes` are the receiver's to keep. */
  bytes(bytes: Buffer): void;
  /** Nothing waits any more; only after a `send` that said so. */
  drained(): void;
  /** The upstream will send no more (FIN). */
  ended(): void;
  /** The connection is gone, or never stood. `code` is the stable part of why, for a message. */
  lost(code: string): void;
  /** Epoch seconds after which `expired` is called; Infinity: never. */
  readonly expiresAt: number;
  expired(): void;
}

/** One connection to an upstream. */
export interface UpstreamConnection {
  readonly key: string; //                         of `connectionKey`
  state: "connecting" | "open" | "gone";
  socket: Socket<UpstreamConnection> | null; //    null: connecting
  occupant: Occupant | null; //                    null: idle
  readonly gone: (connection: UpstreamConnection) => void;
  isReused: boolean;
  idleUntil: number; //                            epoch seconds; of an idle one
  keepSeconds: number; //                          how long it may be idle
  waiting: Uint8Array[]; //                        bytes the kernel has not taken yet, in order
  endsWhenSent: boolean;
  isPaused: boolean;
}

export interface ConnectTo {
  readonly key: string;
  readonly address: UpstreamAddress;
  readonly tls: UpstreamTls | null;
  readonly keepSeconds: number;
  readonly gone: (connection: UpstreamConnection) => void;
}

/** Begins to connect; `occupant` is told what comes of it. */
export function connect(to: ConnectTo, occupant: Occupant): UpstreamConnection {
  const connection: UpstreamConnection = {
    key: to.key,
    state: "connecting",
    socket: null,
    occupant,
    gone: to.gone,
    isReused: false,
    idleUntil: 0,
    keepSeconds: to.keepSeconds,
    waiting: [],
    endsWhenSent: false,
    isPaused: false,
  };
  const { address } = to;
  const common = {
    data: connection,
    allowHalfOpen: true,
    socket: to.tls === null ? plainEvents : secureEvents,
    ...(to.tls === null ? {} : { tls: to.tls }),
  };
  const connecting =
    address.kind === "unix"
      ? Bun.connect<UpstreamConnection>({ ...common, unix: address.path })
      : Bun.connect<UpstreamConnection>({ ...common, hostname: address.hostname, port: address.port });
  connecting.catch((error: unknown) => lose(connection, codeOf(error)));
  return connection;
}

const commonEvents = {
  data(socket: Socket<UpstreamConnection>, bytes: Buffer): void {
    const { occupant } = socket.data;
    // An idle connection has nothing to say: it can't be told whose answer that would be
    if (occupant === null) close(socket.data);
    else occupant.bytes(bytes);
  },
  drain: (socket: Socket<UpstreamConnection>): void => flush(socket.data),
  end(socket: Socket<UpstreamConnection>): void {
    const { occupant } = socket.data;
    if (occupant === null) close(socket.data);
    else occupant.ended();
  },
  close: (socket: Socket<UpstreamConnection>, error?: Error): void =>
    lose(socket.data, error === undefined ? "connection lost" : codeOf(error)),
  // What a handler throws comes here too: its exchange must end and not hang
  error: (socket: Socket<UpstreamConnection>, error: Error): void => lose(socket.data, codeOf(error)),
};

const plainEvents = {
  ...commonEvents,
  open: (socket: Socket<UpstreamConnection>): void => opened(socket),
};

const secureEvents = {
  ...commonEvents,
  open(): void {}, //                              its handshake is to come
  handshake(socket: Socket<UpstreamConnection>, isGood: boolean, error: Error | null): void {
    if (isGood) opened(socket);
    else lose(socket.data, error === null ? "TLS handshake failed" : codeOf(error));
  },
};

function opened(socket: Socket<UpstreamConnection>): void {
  const connection = socket.data;
  if (connection.state !== "connecting") {
    socket.terminate(); // given up meanwhile
    return;
  }
  connection.socket = socket;
  connection.state = "open";
  connection.occupant?.opened();
  if (connection.waiting.length > 0) flush(connection);
}

function lose(connection: UpstreamConnection, code: string): void {
  if (connection.state === "gone") return;
  const { occupant } = connection;
  cut(connection);
  occupant?.lost(code);
}

/** Cuts the connection at once (RST); its occupant is told nothing. */
export function cut(connection: UpstreamConnection): void {
  if (forget(connection)) connection.socket?.terminate();
}

/** Closes the connection in order (FIN); its occupant is told nothing. */
export function close(connection: UpstreamConnection): void {
  if (forget(connection)) connection.socket?.end();
}

/** False: that was done already. */
function forget(connection: UpstreamConnection): boolean {
  if (connection.state === "gone") return false;
  connection.state = "gone";
  connection.occupant = null;
  connection.waiting = [];
  connection.gone(connection);
  return true;
}

/** Sends bytes, or keeps what the kernel does not take. False: bytes wait, and `drained` will be called. */
export function send(connection: UpstreamConnection, bytes: Uint8Array): boolean {
  const { socket, waiting } = connection;
  if (socket === null || waiting.length > 0) {
    waiting.push(bytes);
    return false;
  }
  const taken = socket.write(bytes);
  if (taken >= bytes.length) return true;
  // -1: it no longer takes any. What the upstream has sent may still be read, and its end is told by `ended` or `lost`
  if (taken >= 0) waiting.push(bytes.subarray(taken));
  return false;
}

/** The same for text of one UTF-16 unit a byte. */
export function sendText(connection: UpstreamConnection, text: string): boolean {
  const { socket, waiting } = connection;
  if (socket === null || waiting.length > 0) {
    waiting.push(Buffer.from(text, "latin1"));
    return false;
  }
  // Bun takes an encoding, as Node does, though its types do not say so: one copy less for each request
  const taken = socket.write(text, "latin1" as unknown as number);
  if (taken >= text.length) return true;
  if (taken >= 0) waiting.push(Buffer.from(text.slice(taken), "latin1"));
  return false;
}

/** Sends what waits, then FIN; reading goes on. */
export function endSending(connection: UpstreamConnection): void {
  connection.endsWhenSent = true;
  if (connection.waiting.length === 0) connection.socket?.shutdown();
}

/** Stops reading what the upstream sends. */
export function pauseReading(connection: UpstreamConnection): void {
  if (connection.isPaused) return;
  connection.isPaused = true;
  connection.socket?.pause();
}

/** Goes on reading. */
export function resumeReading(connection: UpstreamConnection): void {
  if (!connection.isPaused) return;
  connection.isPaused = false;
  connection.socket?.resume();
}

function flush(connection: UpstreamConnection): void {
  const { socket, waiting } = connection;
  if (socket === null || connection.state !== "open") return;
  let sent = 0;
  for (const bytes of waiting) {
    const taken = socket.write(bytes);
    if (taken < bytes.length) {
      waiting[sent] = bytes.subarray(Math.max(0, taken));
      break;
    }
    sent += 1;
  }
  waiting.splice(0, sent);
  if (waiting.length > 0) return;
  if (connection.endsWhenSent) socket.shutdown();
  else connection.occupant?.drained();
}

/** The stable part of what Bun reports; its message may say more than a log should. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
