import type { StreamLife, WireHandler, WireRefusal } from "../../ports/wire.ts";
import type { ChunkedState } from "../message/chunked.ts";
import type { RequestHead, RequestHeadLimits } from "../message/request-head.ts";
import type { PassHandle, TunnelClient, TunnelHandle } from "../pass/pass-client.ts";
import type { ByteSocket, SocketOwner } from "../socket/byte-socket.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ConnectionRoom } from "./connection-room.ts";

/** The limits a front keeps; seconds, bytes. */
export interface FrontLimits {
  readonly headBytes: number;
  readonly bodyBytes: number; //                   0: none
  readonly idleSeconds: number; //                 0: none
}

/** What all connections of a front share. */
export interface FrontShared {
  readonly scheme: "http" | "https";
  readonly handler: WireHandler;
  readonly refusal: WireRefusal;
  readonly pool: Pool;
  readonly limits: FrontLimits;
  readonly headLimits: RequestHeadLimits;
  readonly room: ConnectionRoom; //                other fronts may share it
  readonly connections: Set<FrontConnection>;
  isDraining: boolean;
}

/**
 * One client connection, and the owner of its socket: its functions are shared by all, as those of an exchange. `head`: waiting for a request or reading one. `deciding`: its handler has not answered. `passing`: its request and
 * its answer are on their way. `tunnel`: it is no HTTP any more. `closing`: an answer is out, what still comes in is thrown away.
 */
export interface FrontConnection extends SocketOwner {
  readonly shared: FrontShared;
  readonly socket: ByteSocket;
  phase: "head" | "deciding" | "passing" | "tunnel" | "closing" | "gone";
  unread: Buffer; //                               received and not yet used
  searchedTo: number; //                           how far `unread` was searched for the end of a head
  deadline: number; //                             milliseconds since the epoch, by when the phase must have ended; 0: none
  stalledSince: number; //                         since when written bytes have been waiting; 0: none do
  clientEnded: boolean; //                         the client has sent FIN
  exchange: FrontExchange | null;
  readonly left: () => void; //                    called when the connection has gone
}

/**
 * The request in hand, and what whoever passes it on sees of its client. Its functions are shared by all exchanges and find theirs by `this`,
 * so that a request costs one object and no closures.
 */
export interface FrontExchange extends TunnelClient {
  readonly connection: FrontConnection;
  readonly head: RequestHead;
  readonly mostBytes: number; //                   of its body; 0: no limit
  body: BodyReading;
  handle: PassHandle | null;
  tunnel: TunnelHandle | null;
  heldHead: Buffer | null; //                      a response head that waits for the first bytes of its body
  hasHead: boolean; //                             a final response head was written
  closesAfter: boolean; //                         the answer said so, or ends with the connection
  isPaused: boolean; //                            the upstream does not take the body
  readonly life: StreamLife | null;
  lifeEnded: (() => void) | null; //               to be called once the answer has ended
  /** Breaks the answer off in the middle: the upstream is let go, and the client can tell. */
  cut(): void;
  /** Called when the connection is free for another request. */
  readonly next: (connection: FrontConnection) => void;
}

/** Where the reading of a request's body stands. */
export interface BodyReading {
  isDone: boolean;
  left: number; //                                 with Content-Length
  readonly chunked: ChunkedState | null;
  taken: number; //                                payload so far
  checkAt: number; //                              when the rate is looked at next, and what had been taken the last time
  checkTaken: number;
}

export const noBytes: Buffer = Buffer.alloc(0);
