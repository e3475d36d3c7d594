import type { Upstream } from "../../core/provider.ts";
import { connectionKey, upstreamAddress, upstreamTls } from "./address.ts";
import { type Resolve, systemResolve } from "./checked-addresses.ts";
import { type ConnectTo, connect } from "./connect.ts";
import type { Occupant, UpstreamConnection } from "./connection.ts";

export interface PoolOptions {
  readonly connectSeconds: number; //              to connect, including TLS; 0: no limit
  readonly streamIdleSeconds: number; //           how long nothing may move in an answer or a tunnel; 0: no limit
  readonly idleSeconds: number; //                 how long an unused connection is kept
  readonly mostIdle: number; //                    to one upstream; more are closed
  readonly mostOpen: number; //                    to all upstreams: before one more is opened, an idle one is closed
  readonly now: () => number; //                   epoch seconds, with fractions
  readonly resolve: Resolve; //                    for upstreams whose addresses are checked
}

/** The limits of a pool as akproxy runs it. */
export const defaultPoolOptions: PoolOptions = {
  connectSeconds: 10,
  streamIdleSeconds: 3600,
  idleSeconds: 60,
  mostIdle: 256,
  mostOpen: Number.POSITIVE_INFINITY,
  now: () => Date.now() / 1000,
  resolve: systemResolve,
};

/** The connections to one upstream. */
interface Origin {
  readonly to: ConnectTo;
  readonly idle: UpstreamConnection[]; //          the one used last is last
  open: number; //                                 connections, including idle ones
}

/** Connections to upstreams, kept open between requests. */
export class Pool {
  readonly now: () => number;
  readonly connectSeconds: number;
  readonly #options: PoolOptions;
  readonly #byKey = new Map<string, Origin>();
  /** An upstream is the same object for every request of its provider, so its key need not be built again. */
  readonly #byUpstream = new WeakMap<Upstream, Origin>();
  readonly #all = new Set<UpstreamConnection>();
  readonly #kept = new Set<UpstreamConnection>(); // idle ones, each for one client connection; the longest idle is first
  readonly #gone = (connection: UpstreamConnection): void => this.#remove(connection);
  #keepsIdle: boolean;
  #sweptAt: number; //                             epoch seconds of the last sweep

  constructor(options: PoolOptions = defaultPoolOptions) {
    this.now = options.now;
    this.connectSeconds = options.connectSeconds;
    this.#options = options;
    this.#keepsIdle = options.mostIdle > 0;
    this.#sweptAt = options.now();
  }

  /** The connection to `upstream` that was used last, or a new one, which calls `occupant.opened` later. */
  take(upstream: Upstream, occupant: Occupant): UpstreamConnection {
    const origin = this.#originOf(upstream);
    const connection = usableOf(origin.idle, this.now);
    if (connection === null) return this.#openTo(origin, occupant);
    connection.occupant = occupant;
    connection.isReused = true;
    return connection;
  }

  /** A new connection, even if others are idle. */
  open(upstream: Upstream, occupant: Occupant): UpstreamConnection {
    return this.#openTo(this.#originOf(upstream), occupant);
  }

  /** Takes back a connection whose last request and answer are complete. One that may be logged in is closed. */
  giveBack(connection: UpstreamConnection): void {
    const origin = this.#byKey.get(connection.key);
    const hasRoom = origin !== undefined && origin.idle.length < this.#options.mostIdle;
    connection.occupant = null;
    connection.resumeReading();
    if (!hasRoom || !this.#keepsIdle || connection.mayBeLoggedIn) connection.close();
    else {
      connection.idleUntil = this.now() + connection.keepSeconds;
      origin.idle.push(connection);
    }
  }

  /** The same for a connection that only `owner` may use again, by `takeKept`. */
  keepFor(owner: string, connection: UpstreamConnection): void {
    connection.occupant = null;
    connection.owner = owner;
    connection.resumeReading();
    if (!this.#keepsIdle) {
      connection.close();
      return;
    }
    connection.idleUntil = this.now() + connection.keepSeconds;
    this.#kept.add(connection);
  }

  /** Takes a connection that is kept. False: it leads elsewhere, belongs to another owner, or is gone. */
  takeKept(connection: UpstreamConnection, upstream: Upstream, owner: string | null, occupant: Occupant): boolean {
    const isHis = connection.owner === owner && connection.key === this.#originOf(upstream).to.key;
    if (!isHis || !this.#kept.delete(connection)) return false;
    if (this.now() >= connection.idleUntil || !connection.isUsable()) {
      connection.cut();
      return false;
    }
    connection.occupant = occupant;
    connection.isReused = true;
    return true;
  }

  /** The time at which a stream that has just moved expires. By the clock of the last sweep: no clock is read for each piece of a stream. */
  streamExpiry(): number {
    const { streamIdleSeconds } = this.#options;
    return streamIdleSeconds === 0 ? Number.POSITIVE_INFINITY : this.#sweptAt + streamIdleSeconds;
  }

  /** Call it about once a second: closes what was idle too long, and tells the occupants whose time is over. */
  sweep(): void {
    const time = this.now();
    this.#sweptAt = time;
    for (const connection of this.#all) {
      const { occupant } = connection;
      if (occupant === null) {
        if (time >= connection.idleUntil) connection.close();
      } else if (time >= occupant.expiresAt) occupant.expired();
    }
  }

  /** Closes the idle connections and keeps none from now on. Those in use end with their requests. */
  drain(): void {
    this.#keepsIdle = false;
    for (const connection of this.#all) if (connection.occupant === null) connection.close();
  }

  /** The number of connections, idle ones apart. */
  count(): { readonly idle: number; readonly inUse: number } {
    let idle = 0;
    for (const { occupant } of this.#all) if (occupant === null) idle += 1;
    return { idle, inUse: this.#all.size - idle };
  }

  #originOf(upstream: Upstream): Origin {
    const known = this.#byUpstream.get(upstream);
    if (known !== undefined) return known;
    const key = connectionKey(upstream);
    const origin = this.#byKey.get(key) ?? this.#newOrigin(key, upstream);
    if (upstream.reach === "anywhere") this.#byUpstream.set(upstream, origin);
    return origin;
  }

  #newOrigin(key: string, upstream: Upstream): Origin {
    const to = {
      key,
      address: upstreamAddress(upstream),
      tls: upstreamTls(upstream),
      reach: upstream.reach,
      resolve: this.#options.resolve,
      keepSeconds: this.#options.idleSeconds,
      gone: this.#gone,
    };
    const origin: Origin = { to, idle: [], open: 0 };
    this.#byKey.set(key, origin);
    return origin;
  }

  #openTo(origin: Origin, occupant: Occupant): UpstreamConnection {
    this.#makeRoom();
    const connection = connect(origin.to, occupant);
    this.#all.add(connection);
    origin.open += 1;
    this.#byKey.set(origin.to.key, origin); //     again, in case its last connection has just gone
    return connection;
  }

  /** There are at most as many connections in use as clients. Idle ones to other upstreams must not hold more descriptors (DOS-04). */
  #makeRoom(): void {
    if (this.#all.size < this.#options.mostOpen) return;
    for (const { idle } of this.#byKey.values()) {
      const [longestIdle] = idle;
      if (longestIdle === undefined) continue;
      longestIdle.close();
      return;
    }
    const [longestKept] = this.#kept;
    longestKept?.close();
  }

  #remove(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    if (connection.mayBeLoggedIn) this.#kept.delete(connection);
    const origin = this.#byKey.get(connection.key);
    if (origin === undefined) return;
    const at = origin.idle.lastIndexOf(connection);
    if (at !== -1) origin.idle.splice(at, 1);
    origin.open -= 1;
    // There may be one such upstream for each user, and no provider holds it
    if (origin.open === 0 && origin.to.reach !== "anywhere") this.#byKey.delete(connection.key);
  }
}

/** Takes out the last one that can still be used. Those past their time are closed. */
function usableOf(idle: UpstreamConnection[], now: () => number): UpstreamConnection | null {
  for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
    if (now() < connection.idleUntil && connection.isUsable()) return connection;
    connection.cut();
  }
  return null;
}
