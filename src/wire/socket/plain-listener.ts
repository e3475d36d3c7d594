import type { Socket } from "bun";
import type { ListenAddress } from "../../core/config.ts";
import { BunSocket, socketEvents } from "./bun-socket.ts";
import type { ByteListener, ByteSocket, SocketOwner } from "./byte-socket.ts";

/** Listens on plain TCP or a unix socket. Throws the error of Bun.listen if the address cannot be bound. */
export function listenPlain(address: ListenAddress, accept: (socket: ByteSocket) => SocketOwner): ByteListener {
  const isUnix = address.kind === "unix";
  const handlers = {
    ...socketEvents,
    open(socket: Socket<BunSocket>) {
      const held = new BunSocket(socket, isUnix ? "" : socket.remoteAddress);
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
