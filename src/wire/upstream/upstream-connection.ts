import type { Socket } from "bun";

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

/** Goes on sending what waits. */
export function flush(connection: UpstreamConnection): void {
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
