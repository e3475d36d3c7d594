import type { Socket } from "bun";
import type { ByteSocket, SocketOwner } from "./byte-socket.ts";

/** One of Bun's sockets, plain or TLS, as its owner sees it. It is the `data` that Bun keeps for the socket. */
export class BunSocket implements ByteSocket {
  readonly peerAddress: string;
  serverName: string | null = null; //             known once a handshake is done
  owner: SocketOwner | null = null; //             null: none yet
  readonly #socket: Socket<BunSocket>;
  #waiting: Uint8Array[] | null = null; //         null: nothing waits
  #isEnding = false;
  #peerEnded = false;

  constructor(socket: Socket<BunSocket>, peerAddress: string) {
    this.#socket = socket;
    this.peerAddress = peerAddress;
  }

  /**
   * A write of -1 has met a broken connection (RST, EPIPE); a full one takes 0. Such a write also uses up the error that Bun 1.4.5 would
   * report: `close` follows by itself only if the socket is read, and a paused socket would be kept, with all that its request holds,
   * until the sweep finds it stalled. Resuming it does not help, since bytes that the client sent ahead come first and may pause it
   * again. So the socket is cut.
   */
  write(bytes: Uint8Array): boolean {
    if (this.#waiting !== null) {
      this.#waiting.push(bytes);
      return false;
    }
    const socket = this.#socket;
    const taken = socket.write(bytes);
    if (taken >= bytes.length) return true;
    // Later, so that the writer learns of the end only after the write has returned
    if (taken < 0) queueMicrotask(() => socket.terminate());
    this.#waiting = [bytes.subarray(Math.max(0, taken))];
    return false;
  }

  end(): void {
    this.#isEnding = true;
    if (this.#waiting === null) this.#finish();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The socket takes bytes again. */
  flush(): void {
    const socket = this.#socket;
    const waiting = this.#waiting;
    if (waiting === null) return;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const taken = socket.write(first);
      if (taken < 0) {
        socket.terminate();
        return;
      }
      if (taken < first.length) {
        waiting[0] = first.subarray(taken);
        return;
      }
      waiting.shift();
    }
    this.#waiting = null;
    if (this.#isEnding) this.#finish();
    this.owner?.drained();
  }

  /** FIN. In Bun `end` closes both directions at once. That loses what the other side has not read yet if it still sends. */
  #finish(): void {
    if (this.#peerEnded) this.#socket.end();
    else this.#socket.shutdown();
  }

  /** The other side has sent FIN. */
  ended(): void {
    this.#peerEnded = true;
    this.owner?.ended();
  }

  closed(): void {
    // After our own FIN, Bun 1.4.5 reports the other side's FIN by `close` alone
    if (this.#isEnding && !this.#peerEnded) this.owner?.ended();
    this.owner?.closed();
  }

  /** A handler of ours has thrown. The state of the connection is unknown, so it is cut, and the owner reports the error. */
  failed(error: Error): void {
    this.#socket.terminate();
    this.owner?.failed(error);
  }
}

/** Bun's events of a socket, for its owner. */
export const socketEvents = {
  data: (socket: Socket<BunSocket>, bytes: Buffer): void => socket.data.owner?.data(bytes),
  drain: (socket: Socket<BunSocket>): void => socket.data.flush(),
  end: (socket: Socket<BunSocket>): void => socket.data.ended(),
  close: (socket: Socket<BunSocket>): void => socket.data.closed(),
  error: (socket: Socket<BunSocket>, error: Error): void => socket.data.failed(error),
};
