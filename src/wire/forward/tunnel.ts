import { createHash } from "node:crypto";
import { firstValue } from "../../core/http/header-lines.ts";
import type { Forwarding, TunnelLife } from "../../ports/wire.ts";
import type { ResponseHead } from "../message/response-head.ts";
import type { Occupant, UpstreamConnection } from "../upstream/connection.ts";
import { answerLines } from "../upstream/hop-lines.ts";
import type { Pool } from "../upstream/pool.ts";
import { closeFrame, FrameTrack } from "./frames.ts";
import type { ProtocolSwitch, TunnelClient, TunnelUpstream } from "./sides.ts";
import { UpstreamExchange } from "./upstream-exchange.ts";

const lingerSeconds = 30; //                        how long one side may go on after the other has ended
const closingSeconds = 5; //                        how long our close may wait for the end of a frame, and then for the client to leave
const noBytes: Buffer = Buffer.alloc(0);

/**
 * Asks the upstream for a WebSocket and connects both sides once its 101 is valid (RFC 6455 4.2.2; WS-04). Any other answer is forwarded
 * like an ordinary one. Failures as of `forward`; a wrong 101 is upstream_unreachable. The upstream's connection is never used again.
 */
export function openTunnel(pool: Pool, forwarding: Forwarding, life: TunnelLife, client: TunnelClient): TunnelUpstream {
  return new TunnelRequest(pool, forwarding, life, client);
}

/** The handshake, and then the tunnel that it opened. */
class TunnelRequest implements TunnelUpstream, ProtocolSwitch {
  readonly #pool: Pool;
  readonly #forwarding: Forwarding;
  readonly #life: TunnelLife;
  readonly #client: TunnelClient;
  readonly #exchange: UpstreamExchange;
  #tunnel: Tunnel | null = null;

  constructor(pool: Pool, forwarding: Forwarding, life: TunnelLife, client: TunnelClient) {
    this.#pool = pool;
    this.#forwarding = forwarding;
    this.#life = life;
    this.#client = client;
    this.#exchange = new UpstreamExchange(pool, forwarding, client, this);
    this.#exchange.start();
  }

  switched(head: ResponseHead, rest: Buffer): void {
    const wrong = problemOf(head, this.#forwarding);
    if (wrong !== null) {
      this.#exchange.failUnusable(wrong);
      return;
    }
    const connection = this.#exchange.handOver();
    if (connection === null) return;
    const client = this.#client;
    const tunnel = new Tunnel(this.#pool, client, this.#life, connection);
    this.#tunnel = tunnel;
    const headers = this.#forwarding.forClient(answerLines(head.headers, "tunnel"));
    client.writeHead({ status: 101, reason: head.reason, headers, body: "tunnel" }, noBytes);
    if (rest.length > 0) tunnel.bytes(rest);
    else client.flush();
    this.#forwarding.answered(101);
    this.#life.opened((code, reason) => tunnel.askToClose(code, reason));
  }

  clientBytes(bytes: Uint8Array): void {
    this.#tunnel?.clientBytes(bytes);
  }

  clientEnded(): void {
    if (this.#tunnel === null) this.#exchange.leave();
    else this.#tunnel.clientEnded();
  }

  clientDrained(): void {
    if (this.#tunnel === null) this.#exchange.clientDrained();
    else this.#tunnel.clientDrained();
  }

  clientGone(): void {
    if (this.#tunnel === null) this.#exchange.clientGone();
    else this.#tunnel.clientGone();
  }
}

/** Why a WebSocket cannot begin with this 101; null: it can. */
function problemOf({ upgrade, headers }: ResponseHead, { request }: Forwarding): string | null {
  if (upgrade?.toLowerCase() !== "websocket") return "a 101 that does not upgrade to WebSocket";
  const key = firstValue(request.headers, "sec-websocket-key") ?? "";
  const accepted = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return firstValue(headers, "sec-websocket-accept") === accepted ? null : "a 101 with a wrong Sec-WebSocket-Accept";
}

/** A close that waits for the end of a frame. */
interface WaitingClose {
  readonly code: number;
  readonly reason: string;
}

/** Bytes both ways between a client and an upstream, after a valid 101. */
class Tunnel implements Occupant, TunnelUpstream {
  expiresAt: number;
  readonly #pool: Pool;
  readonly #client: TunnelClient;
  readonly #life: TunnelLife;
  readonly #connection: UpstreamConnection;
  readonly #framesToClient = new FrameTrack();
  readonly #framesToUpstream = new FrameTrack();
  /** `closing`: our close frame waits or was sent; what either side sends after it is dropped. */
  #phase: "open" | "closing" | "over" = "open";
  #waitingClose: WaitingClose | null = null;
  #upstreamHasEnded = false;
  #clientHasEnded = false;
  #holdsClient = false; //                         the client is not read

  constructor(pool: Pool, client: TunnelClient, life: TunnelLife, connection: UpstreamConnection) {
    this.#pool = pool;
    this.#client = client;
    this.#life = life;
    this.#connection = connection;
    this.expiresAt = pool.streamExpiry();
    connection.occupant = this;
  }

  /** Not called: the connection is open already. */
  opened(): void {}

  bytes(bytes: Buffer): void {
    switch (this.#phase) {
      case "open":
        this.#moved();
        this.#framesToClient.follow(bytes);
        this.#writeToClient(bytes);
        return;
      case "closing":
        if (this.#waitingClose !== null) this.#finishFrame(this.#waitingClose, bytes);
        return;
      case "over":
        return;
    }
  }

  #writeToClient(bytes: Uint8Array): void {
    if (!this.#client.write(bytes)) this.#connection.pauseReading();
  }

  /** Our close may not stand in the middle of a frame: the rest of the frame goes first. */
  #finishFrame({ code, reason }: WaitingClose, bytes: Buffer): void {
    const at = this.#framesToClient.nextBoundary(bytes, 0);
    this.#writeToClient(at === -1 ? bytes : bytes.subarray(0, at));
    if (at !== -1) this.#sendClose(code, reason);
  }

  /** Ends the tunnel from our side: sends a close frame to each side that is between frames, or will be. */
  askToClose(code: number, reason: string): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.expiresAt = this.#pool.now() + closingSeconds;
    // No FIN yet: an upstream that closes at once would be lost before the client has received its close
    if (this.#framesToUpstream.isBetweenFrames() && !this.#clientHasEnded) {
      this.#connection.send(closeFrame("upstream", code, reason));
    }
    if (this.#framesToClient.isBetweenFrames()) this.#sendClose(code, reason);
    else this.#waitingClose = { code, reason };
  }

  #sendClose(code: number, reason: string): void {
    this.#waitingClose = null;
    // If the upstream has ended, its own close and the FIN have gone out
    if (!this.#upstreamHasEnded) {
      this.#client.write(closeFrame("client", code, reason));
      this.#client.endTunnel();
    }
    // What either side sends is dropped, but the client's FIN must be seen
    this.#connection.resumeReading();
    this.drained();
    if (this.#clientHasEnded) this.#end("in order");
  }

  clientBytes(bytes: Uint8Array): void {
    if (this.#phase !== "open") return;
    this.#moved();
    this.#framesToUpstream.follow(bytes);
    if (this.#connection.send(bytes) || this.#holdsClient) return;
    this.#holdsClient = true;
    this.#client.pauseBody();
  }

  drained(): void {
    if (!this.#holdsClient) return;
    this.#holdsClient = false;
    this.#client.resumeBody();
  }

  clientDrained(): void {
    if (this.#phase !== "over") this.#connection.resumeReading();
  }

  clientEnded(): void {
    if (this.#phase === "over" || this.#clientHasEnded) return;
    this.#clientHasEnded = true;
    if (this.#upstreamHasEnded || (this.#phase === "closing" && this.#waitingClose === null)) this.#end("in order");
    else if (this.#phase === "open") {
      this.#linger();
      this.#connection.endSending();
    }
  }

  ended(): void {
    if (this.#phase === "over" || this.#upstreamHasEnded) return;
    this.#upstreamHasEnded = true;
    if (this.#phase === "closing" && this.#waitingClose === null) return; // the client may stay until `expiresAt`
    this.#client.endTunnel();
    if (this.#clientHasEnded) this.#end("in order");
    else if (this.#phase === "open") this.#linger();
  }

  /** One side has ended. The other may go on while it sends. */
  #linger(): void {
    this.expiresAt = this.#pool.now() + lingerSeconds;
  }

  /** One side has sent something. */
  #moved(): void {
    if (this.#clientHasEnded || this.#upstreamHasEnded) this.#linger();
    else this.expiresAt = this.#pool.streamExpiry();
  }

  lost(): void {
    this.#end("cut");
  }

  /** A WebSocket on which nothing was sent for long gets a close frame. */
  expired(): void {
    const isIdle = this.#phase === "open" && !this.#clientHasEnded && !this.#upstreamHasEnded;
    if (isIdle) this.askToClose(1001, "idle");
    else this.#end("cut");
  }

  clientGone(): void {
    this.#end("client gone");
  }

  /** `cut`: one side was lost, so the other is cut and can tell. */
  #end(how: "in order" | "cut" | "client gone"): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    if (how === "in order") this.#connection.close();
    else this.#connection.cut();
    if (how === "cut") this.#client.abort();
    this.#life.closed();
  }
}
