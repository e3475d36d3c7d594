import type { Socket } from "bun";
import type { ListenAddress } from "../../core/config.ts";
import { type BunSocket, bunSocket, ownersHandlers } from "./bun-socket.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/** Listens on plain TCP or a unix socket. Throws what Bun.listen throws when the address can't be bound. */
export function listenPlain(address: ListenAddress, accept: (socket: ByteSocket) => SocketOwner): ByteListener {
  const isUnix = address.kind === "unix";
  const handlers = {
    ...ownersHandlers,
    open(socket: Socket<BunSocket>) {
      const held = bunSocket(socket, isUnix ? "" : socket.remoteAddress);
      socket.data = held;
      if (!isUnix) socket.setNoDelay(true);
      held.owner = accept(held);
    },
  };
  const listener =
    address.kind === "unix"
      ? Bun.listen<BunSocket>({ unix: address.path, allowHalfOpen: true, socket: handlers })
      : Bun.listen<BunSocket>({
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
