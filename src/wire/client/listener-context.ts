import type { WireHandler, WireRefusal } from "../../ports/wire.ts";
import type { RequestHeadLimits } from "../message/request-head.ts";
import type { ByteSocket } from "../socket/byte-socket.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ConnectionRoom } from "./connection-room.ts";

/** The limits of a listener; seconds, bytes. */
export interface ListenerLimits {
  readonly headBytes: number;
  readonly bodyBytes: number; //                   0: no limit
  readonly idleSeconds: number; //                 0: no limit
}

/**
 * `head`: waits for a request or reads one. `deciding`: the handler has not answered yet. `exchange`: the request and its response are
 * on their way. `tunnel`: the connection no longer speaks HTTP. `closing`: a response is out, and what still arrives is dropped.
 */
export type Phase = "head" | "deciding" | "exchange" | "tunnel" | "closing" | "gone";

/** A client connection, for its listener. */
export interface OpenConnection {
  readonly phase: Phase;
  readonly socket: Pick<ByteSocket, "terminate">;
  readonly unreadBytes: number; //                 received and not used yet
  readonly isStalled: boolean; //                  written bytes wait for the client
  readonly clientEnded: boolean; //                the client has sent FIN
  /** Closes the connection now if it is idle. */
  closeIfIdle(): void;
  /** Applies every time limit: of heads, bodies, idle and closing connections, and of clients that do not read (DOS-02). */
  sweep(now: number): void;
}

/** What all connections of a listener share. */
export interface ListenerContext {
  readonly scheme: "http" | "https";
  readonly handler: WireHandler;
  readonly refusal: WireRefusal;
  readonly pool: Pool;
  readonly limits: ListenerLimits;
  readonly headLimits: RequestHeadLimits;
  readonly room: ConnectionRoom; //                other listeners may share it
  readonly connections: Set<OpenConnection>;
  isDraining: boolean;
}
