import type { WireHandler } from "../../src/ports/wire.ts";
import { ClientConnection } from "../../src/wire/client/connection.ts";
import { headLimitsOf } from "../../src/wire/client/listener.ts";
import type { ListenerContext } from "../../src/wire/client/listener-context.ts";
import type { ByteSocket } from "../../src/wire/socket/byte-socket.ts";
import { Pool } from "../../src/wire/upstream/pool.ts";
import { ample, roomFor } from "../wire/client/connection-rooms.ts";

/** A client connection over a socket that takes `takes` writes, and then none until `takes` is raised. */
export class ScriptedConnection {
  readonly connection: ClientConnection;
  readonly context: ListenerContext;
  takes = Number.POSITIVE_INFINITY;
  writes = 0;
  isPaused = false;
  isTerminated = false;

  constructor(handler: WireHandler, scheme: "http" | "https" = "http") {
    const limits = { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 };
    this.context = {
      scheme,
      handler,
      refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
      pool: new Pool(),
      limits,
      headLimits: headLimitsOf(limits),
      room: roomFor(ample).room,
      connections: new Set(),
      isDraining: false,
    };
    const socket: ByteSocket = {
      peerAddress: "192.0.2.1",
      serverName: null,
      write: () => {
        this.writes += 1;
        return this.writes <= this.takes;
      },
      end() {},
      terminate: () => {
        this.isTerminated = true;
      },
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
    };
    this.connection = new ClientConnection(this.context, socket);
  }

  /** The client reads again: `more` writes are taken. */
  drain(more: number): void {
    this.takes = this.writes + more;
    this.connection.drained();
  }
}
