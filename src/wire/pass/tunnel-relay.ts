import type { TunnelLife } from "../../ports/wire.ts";
import type { Pool } from "../upstream/pool.ts";
import {
  close,
  cut,
  endSending,
  type Occupant,
  pauseReading,
  resumeReading,
  send,
  type UpstreamConnection,
} from "../upstream/upstream-connection.ts";
import type { TunnelClient } from "./pass-client.ts";
import {
  closeFrame,
  type FrameTrack,
  followFrames,
  isBetweenFrames,
  nextBoundary,
  startFrames,
} from "./tunnel-frames.ts";

/** How long one side may go on after the other has ended. */
const lingerSeconds = 30;

/** How long a close of ours may wait for the end of a frame, and then for the client to leave. */
const closingSeconds = 5;

/** Bytes both ways between a client and an upstream, after a valid 101. */
export interface Tunnel extends Occupant {
  readonly pool: Pool;
  readonly client: TunnelClient;
  readonly life: TunnelLife;
  readonly connection: UpstreamConnection;
  readonly toClient: FrameTrack;
  readonly toUpstream: FrameTrack;
  /** `closing`: our close frame is to be sent or was sent; what either side still sends is dropped after it. */
  phase: "open" | "closing" | "over";
  closing: { readonly code: number; readonly reason: string } | null; // a close that waits for the end of a frame
  upstreamEnded: boolean;
  clientEnded: boolean;
  holdsClient: boolean; //                         the client is not read
  expiresAt: number;
}

/** A tunnel over a connection whose 101 was valid. */
export function startTunnel(
  pool: Pool,
  client: TunnelClient,
  life: TunnelLife,
  connection: UpstreamConnection,
): Tunnel {
  return {
    pool,
    client,
    life,
    connection,
    toClient: startFrames(),
    toUpstream: startFrames(),
    phase: "open",
    closing: null,
    upstreamEnded: false,
    clientEnded: false,
    holdsClient: false,
    expiresAt: Number.POSITIVE_INFINITY,
    opened() {}, //                                it stood already
    bytes: onBytes,
    drained: onDrained,
    ended: onEnded,
    lost: onLost,
    expired: onExpired,
  };
}

function onBytes(this: Tunnel, bytes: Buffer): void {
  switch (this.phase) {
    case "open":
      if (this.clientEnded) linger(this);
      followFrames(this.toClient, bytes);
      writeToClient(this, bytes);
      return;
    case "closing":
      if (this.closing !== null) finishFrame(this, this.closing, bytes);
      return;
    case "over":
      return;
  }
}

function writeToClient({ client, connection }: Tunnel, bytes: Uint8Array): void {
  if (!client.write(bytes)) pauseReading(connection);
}

/** A close of ours may not stand in the middle of a frame: the rest of it goes first. */
function finishFrame(tunnel: Tunnel, closing: { readonly code: number; readonly reason: string }, bytes: Buffer): void {
  const at = nextBoundary(tunnel.toClient, bytes, 0);
  writeToClient(tunnel, at === -1 ? bytes : bytes.subarray(0, at));
  if (at !== -1) sendClose(tunnel, closing.code, closing.reason);
}

/** Ends a tunnel from our side: by a close frame to each side that is between frames, or will be. */
export function askToClose(tunnel: Tunnel, code: number, reason: string): void {
  if (tunnel.phase !== "open") return;
  tunnel.phase = "closing";
  tunnel.expiresAt = tunnel.pool.now() + closingSeconds;
  // No FIN yet: an upstream that closes at once would be lost before the client has taken its close
  if (isBetweenFrames(tunnel.toUpstream) && !tunnel.clientEnded) {
    send(tunnel.connection, closeFrame("upstream", code, reason));
  }
  if (isBetweenFrames(tunnel.toClient)) sendClose(tunnel, code, reason);
  else tunnel.closing = { code, reason };
}

function sendClose(tunnel: Tunnel, code: number, reason: string): void {
  tunnel.closing = null;
  // Where the upstream has ended, its own close has gone out and so has the FIN
  if (!tunnel.upstreamEnded) {
    tunnel.client.write(closeFrame("client", code, reason));
    tunnel.client.endTunnel();
  }
  // What comes from either side is dropped; the client's FIN must be seen
  resumeReading(tunnel.connection);
  letClientGoOn(tunnel);
  if (tunnel.clientEnded) end(tunnel, "in order");
}

/** Takes bytes of the client. */
export function toUpstream(tunnel: Tunnel, bytes: Uint8Array): void {
  if (tunnel.phase !== "open") return;
  if (tunnel.upstreamEnded) linger(tunnel);
  followFrames(tunnel.toUpstream, bytes);
  if (send(tunnel.connection, bytes) || tunnel.holdsClient) return;
  tunnel.holdsClient = true;
  tunnel.client.pauseBody();
}

function onDrained(this: Tunnel): void {
  letClientGoOn(this);
}

function letClientGoOn(tunnel: Tunnel): void {
  if (!tunnel.holdsClient) return;
  tunnel.holdsClient = false;
  tunnel.client.resumeBody();
}

/** Nothing waits for the client any more. */
export function clientDrained({ phase, connection }: Tunnel): void {
  if (phase !== "over") resumeReading(connection);
}

/** The client sends no more. */
export function clientEnded(tunnel: Tunnel): void {
  if (tunnel.phase === "over" || tunnel.clientEnded) return;
  tunnel.clientEnded = true;
  if (tunnel.upstreamEnded || (tunnel.phase === "closing" && tunnel.closing === null)) end(tunnel, "in order");
  else if (tunnel.phase === "open") {
    linger(tunnel);
    endSending(tunnel.connection);
  }
}

function onEnded(this: Tunnel): void {
  if (this.phase === "over" || this.upstreamEnded) return;
  this.upstreamEnded = true;
  if (this.phase === "closing" && this.closing === null) return; // the client is waited for, no longer than `expiresAt`
  this.client.endTunnel();
  if (this.clientEnded) end(this, "in order");
  else if (this.phase === "open") linger(this);
}

/** One side has ended: the other may go on while it sends. */
function linger(tunnel: Tunnel): void {
  tunnel.expiresAt = tunnel.pool.now() + lingerSeconds;
}

function onLost(this: Tunnel): void {
  end(this, "cut");
}

function onExpired(this: Tunnel): void {
  end(this, "cut");
}

/** The client is lost. */
export function clientGone(tunnel: Tunnel): void {
  end(tunnel, "client gone");
}

/** `cut`: one side was lost, so the other is cut, and can tell. */
function end(tunnel: Tunnel, how: "in order" | "cut" | "client gone"): void {
  if (tunnel.phase === "over") return;
  tunnel.phase = "over";
  if (how === "in order") close(tunnel.connection);
  else cut(tunnel.connection);
  if (how === "cut") tunnel.client.abort();
  tunnel.life.closed();
}
