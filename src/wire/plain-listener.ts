import type { Socket } from "bun";
import type { ListenAddress } from "../core/config.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/**
 * One connection: what Bun keeps for its socket is the socket that its owner sees. Its functions are shared by all and find theirs by `this`:
 * ten thousand connections wait here, and each closure is memory.
 */
interface PlainSocket extends ByteSocket {
  readonly socket: Socket<PlainSocket>;
  owner: SocketOwner | null;
  waiting: Uint8Array[] | null; //                 null: nothing
  isEnding: boolean;
  peerEnded: boolean;
}

/** Listens on plain TCP or a unix socket. Throws what Bun.listen throws when the address can't be bound. */
export function listenPlain(address: ListenAddress, accept: (socket: ByteSocket) => SocketOwner): ByteListener {
  const isUnix = address.kind === "unix";
  const handlers = {
    open(socket: Socket<PlainSocket>) {
      const plain = plainSocket(socket, isUnix ? "" : socket.remoteAddress);
      socket.data = plain;
      if (!isUnix) socket.setNoDelay(true);
      plain.owner = accept(plain);
    },
    data: (socket: Socket<PlainSocket>, bytes: Buffer) => socket.data.owner?.data(bytes),
    drain: (socket: Socket<PlainSocket>) => flush(socket.data),
    end(socket: Socket<PlainSocket>) {
      socket.data.peerEnded = true;
      socket.data.owner?.ended();
    },
    close(socket: Socket<PlainSocket>) {
      const { owner, isEnding, peerEnded } = socket.data;
      // after our own FIN, Bun 1.4.5 tells the other side's by `close` alone
      if (isEnding && !peerEnded) owner?.ended();
      owner?.closed();
    },
    error() {}, //                                  `close` follows
  };
  const listener =
    address.kind === "unix"
      ? Bun.listen<PlainSocket>({ unix: address.path, allowHalfOpen: true, socket: handlers })
      : Bun.listen<PlainSocket>({
          hostname: address.hostname,
          port: address.port,
          allowHalfOpen: true,
          socket: handlers,
        });
  return {
    port: "port" in listener && typeof listener.port === "number" ? listener.port : null,
    stop: () => listener.stop(false),
  };
}

function plainSocket(socket: Socket<PlainSocket>, peerAddress: string): PlainSocket {
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

/**
 * A write of -1 has met a broken connection (RST, EPIPE); a full one takes 0. It has also used up the error that Bun 1.4.5 would tell:
 * `close` follows by itself only where the socket is read, and a paused one would be kept, with what its request holds, until the sweep
 * finds it stalled. To resume it does not help, since what the client had sent ahead comes first and may pause it again. So it is cut.
 */
function write(this: PlainSocket, bytes: Uint8Array): boolean {
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

function end(this: PlainSocket): void {
  this.isEnding = true;
  if (this.waiting === null) finish(this);
}

function terminate(this: PlainSocket): void {
  this.socket.terminate();
}

function pause(this: PlainSocket): void {
  this.socket.pause();
}

function resume(this: PlainSocket): void {
  this.socket.resume();
}

function flush(plain: PlainSocket): void {
  const { socket, waiting } = plain;
  for (let first = waiting?.[0]; waiting !== null && first !== undefined; first = waiting[0]) {
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
  plain.waiting = null;
  if (plain.isEnding) finish(plain);
  plain.owner?.drained();
}

/** FIN. In Bun `end` closes both directions at once, which loses what the other side has not read yet when it still sends. */
function finish({ socket, peerEnded }: PlainSocket): void {
  if (peerEnded) socket.end();
  else socket.shutdown();
}
