import type { Socket } from "bun";
import type { ByteSocket, SocketOwner } from "./byte-socket.ts";

/**
 * One of Bun's sockets, plain or TLS, as its owner sees it; it is what Bun keeps for the socket. Its functions are shared by all and find
 * theirs by `this`: ten thousand connections wait here, and each closure is memory.
 */
export interface BunSocket extends ByteSocket {
  readonly socket: Socket<BunSocket>;
  serverName: string | null; //                    known once a handshake is done
  owner: SocketOwner | null; //                    null: nobody was told of it, or not yet
  waiting: Uint8Array[] | null; //                 null: nothing
  isEnding: boolean;
  peerEnded: boolean;
}

/** Of a socket that is new. */
export function bunSocket(socket: Socket<BunSocket>, peerAddress: string): BunSocket {
  return {
    socket,
    peerAddress,
    serverName: null,
    owner: null,
    waiting: null,
    isEnding: false,
    peerEnded: false,
    write,
    end,
    terminate,
    pause,
    resume,
  };
}

/** What Bun tells of a socket, told to its owner. */
export const ownersHandlers = {
  data: (socket: Socket<BunSocket>, bytes: Buffer): void => socket.data.owner?.data(bytes),
  drain: (socket: Socket<BunSocket>): void => flush(socket.data),
  end(socket: Socket<BunSocket>): void {
    socket.data.peerEnded = true;
    socket.data.owner?.ended();
  },
  close(socket: Socket<BunSocket>): void {
    const { owner, isEnding, peerEnded } = socket.data;
    // after our own FIN, Bun 1.4.5 tells the other side's by `close` alone
    if (isEnding && !peerEnded) owner?.ended();
    owner?.closed();
  },
  // what a handler of ours has thrown: the connection is in no known state, so it is cut, and the fault is told
  error(socket: Socket<BunSocket>, error: Error): void {
    socket.terminate();
    socket.data.owner?.failed(error);
  },
};

/**
 * A write of -1 has met a broken connection (RST, EPIPE); a full one takes 0. It has also used up the error that Bun 1.4.5 would tell:
 * `close` follows by itself only where the socket is read, and a paused one would be kept, with what its request holds, until the sweep
 * finds it stalled. To resume it does not help, since what the client had sent ahead comes first and may pause it again. So it is cut.
 */
function write(this: BunSocket, bytes: Uint8Array): boolean {
  const { socket, waiting } = this;
  if (waiting !== null) {
    waiting.push(bytes);
    return false;
  }
  const taken = socket.write(bytes);
  if (taken >= bytes.length) return true;
  // later: whoever writes is not told of the end before the write has returned
  if (taken < 0) queueMicrotask(() => socket.terminate());
  this.waiting = [bytes.subarray(Math.max(0, taken))];
  return false;
}

function end(this: BunSocket): void {
  this.isEnding = true;
  if (this.waiting === null) finish(this);
}

function terminate(this: BunSocket): void {
  this.socket.terminate();
}

function pause(this: BunSocket): void {
  this.socket.pause();
}

function resume(this: BunSocket): void {
  this.socket.resume();
}

function flush(held: BunSocket): void {
  const { socket, waiting } = held;
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
  held.waiting = null;
  if (held.isEnding) finish(held);
  held.owner?.drained();
}

/** FIN. In Bun `end` closes both directions at once, which loses what the other side has not read yet when it still sends. */
function finish({ socket, peerEnded }: BunSocket): void {
  if (peerEnded) socket.end();
  else socket.shutdown();
}
