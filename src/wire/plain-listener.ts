import type { Socket } from "bun";
import type { ListenAddress } from "../core/config.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/** The state that Bun keeps for one of our sockets. */
interface Held {
  owner: SocketOwner | null;
  waiting: Uint8Array[];
  isEnding: boolean;
  peerEnded: boolean;
}

/** Listens on plain TCP or a unix socket. Throws what Bun.listen throws when the address can't be bound. */
export function listenPlain(address: ListenAddress, accept: (socket: ByteSocket) => SocketOwner): ByteListener {
  const isUnix = address.kind === "unix";
  const handlers = {
    open(socket: Socket<Held>) {
      const held: Held = { owner: null, waiting: [], isEnding: false, peerEnded: false };
      socket.data = held;
      if (!isUnix) socket.setNoDelay(true);
      held.owner = accept(byteSocket(socket, held, isUnix ? "" : socket.remoteAddress));
    },
    data: (socket: Socket<Held>, bytes: Buffer) => socket.data.owner?.data(bytes),
    drain: (socket: Socket<Held>) => flush(socket),
    end(socket: Socket<Held>) {
      socket.data.peerEnded = true;
      socket.data.owner?.ended();
    },
    close(socket: Socket<Held>) {
      const { owner, isEnding, peerEnded } = socket.data;
      // after our own FIN, Bun 1.4.5 tells the other side's by `close` alone
      if (isEnding && !peerEnded) owner?.ended();
      owner?.closed();
    },
    error() {}, //                                  `close` follows
  };
  const listener =
    address.kind === "unix"
      ? Bun.listen<Held>({ unix: address.path, allowHalfOpen: true, socket: handlers })
      : Bun.listen<Held>({ hostname: address.hostname, port: address.port, allowHalfOpen: true, socket: handlers });
  return {
    port: "port" in listener && typeof listener.port === "number" ? listener.port : null,
    stop: () => listener.stop(false),
  };
}

/**
 * A write of -1 has met a broken connection (RST, EPIPE); a full one takes 0. It has also used up the error that Bun 1.4.5 would tell:
 * `close` follows by itself only where the socket is read, and a paused one would be kept, with what its request holds, until the sweep
 * finds it stalled. To resume it does not help, since what the client had sent ahead comes first and may pause it again. So it is cut.
 */
function byteSocket(socket: Socket<Held>, held: Held, peerAddress: string): ByteSocket {
  return {
    peerAddress,
    serverName: null,
    write(bytes) {
      if (held.waiting.length > 0) {
        held.waiting.push(bytes);
        return false;
      }
      const taken = socket.write(bytes);
      if (taken >= bytes.length) return true;
      // later: whoever writes is not told of the end before the write has returned
      if (taken < 0) queueMicrotask(() => socket.terminate());
      held.waiting.push(bytes.subarray(Math.max(0, taken)));
      return false;
    },
    end() {
      held.isEnding = true;
      if (held.waiting.length === 0) finish(socket);
    },
    terminate: () => socket.terminate(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

function flush(socket: Socket<Held>): void {
  const held = socket.data;
  for (let first = held.waiting[0]; first !== undefined; first = held.waiting[0]) {
    const taken = socket.write(first);
    if (taken < 0) {
      socket.terminate();
      return;
    }
    if (taken < first.length) {
      held.waiting[0] = first.subarray(taken);
      return;
    }
    held.waiting.shift();
  }
  if (held.isEnding) finish(socket);
  held.owner?.drained();
}

/** FIN. In Bun `end` closes both directions at once, which loses what the other side has not read yet when it still sends. */
function finish(socket: Socket<Held>): void {
  if (socket.data.peerEnded) socket.end();
  else socket.shutdown();
}
