import type { Upstream } from "../../core/provider.ts";
import { type Resolve, systemResolve } from "./checked-addresses.ts";
import { connectionKey, upstreamAddress, upstreamTls } from "./upstream-address.ts";
import { type ConnectTo, connect } from "./upstream-connect.ts";
import { close, cut, type Occupant, resumeReading, type UpstreamConnection } from "./upstream-connection.ts";

export interface PoolOptions {
  readonly connectSeconds: number; //              to connect, TLS and all; 0: no limit
  readonly idleSeconds: number; //                 how long an unused connection is kept
  readonly mostIdle: number; //                    to one upstream; more are closed
  readonly mostOpen: number; //                    to all upstreams: before one more is opened, an idle one is closed
  readonly now: () => number; //                   epoch seconds, with fractions
  readonly resolve: Resolve; //                    for upstreams whose addresses are checked
}

/** The limits of a pool as akproxy runs it. */
export const defaultPoolOptions: PoolOptions = {
  connectSeconds: 10,
  idleSeconds: 60,
  mostIdle: 256,
  mostOpen: Number.POSITIVE_INFINITY,
  now: () => Date.now() / 1000,
  resolve: systemResolve,
};

/** Connections to upstreams, kept open between requests. */
export interface Pool {
  readonly now: () => number;
  readonly connectSeconds: number;
  /** The connection to `upstream` that was used last, or a new one: then `occupant.opened` follows. */
  take(upstream: Upstream, occupant: Occupant): UpstreamConnection;
  /** A new connection, whatever is idle. */
  open(upstream: Upstream, occupant: Occupant): UpstreamConnection;
  /** Takes back a connection on which nothing more is to come for its last request. */
  giveBack(connection: UpstreamConnection): void;
  /** To be called about once a second: closes what was idle too long, and tells the occupants whose time is over. */
  sweep(): void;
  /** Closes the idle connections and keeps none from now on; those in use end with their requests. */
  drain(): void;
  /** How many connections there are, idle ones apart. */
  count(): { readonly idle: number; readonly inUse: number };
}

/** One upstream's connections. */
interface Origin {
  readonly to: ConnectTo;
  readonly idle: UpstreamConnection[]; //          the one used last is last
  open: number; //                                 connections, idle ones too
}

export function createPool(options: PoolOptions = defaultPoolOptions): Pool {
  const { now, connectSeconds, idleSeconds, mostIdle, mostOpen, resolve } = options;
  const byKey = new Map<string, Origin>();
  // An upstream is the same object for every request of its provider: its key need not be made anew
  const byUpstream = new WeakMap<Upstream, Origin>();
  const all = new Set<UpstreamConnection>();
  let keepsIdle = mostIdle > 0;

  function gone(connection: UpstreamConnection): void {
    all.delete(connection);
    const origin = byKey.get(connection.key);
    if (origin === undefined) return;
    const at = origin.idle.lastIndexOf(connection);
    if (at !== -1) origin.idle.splice(at, 1);
    origin.open -= 1;
    // There may be one for each person, and no provider keeps it
    if (origin.open === 0 && origin.to.reach !== "anywhere") byKey.delete(connection.key);
  }

  function originOf(upstream: Upstream): Origin {
    const known = byUpstream.get(upstream);
    if (known !== undefined) return known;
    const key = connectionKey(upstream);
    const origin = byKey.get(key) ?? newOrigin(key, upstream);
    if (upstream.reach === "anywhere") byUpstream.set(upstream, origin);
    return origin;
  }

  function newOrigin(key: string, upstream: Upstream): Origin {
    const to = {
      key,
      address: upstreamAddress(upstream),
      tls: upstreamTls(upstream),
      reach: upstream.reach,
      resolve,
      keepSeconds: idleSeconds,
      gone,
    };
    const origin: Origin = { to, idle: [], open: 0 };
    byKey.set(key, origin);
    return origin;
  }

  /** Those in use are as many as clients at most; idle ones of other upstreams must not hold more descriptors than that (DOS-04). */
  function makeRoom(): void {
    if (all.size < mostOpen) return;
    for (const { idle } of byKey.values()) {
      const [longestIdle] = idle;
      if (longestIdle === undefined) continue;
      close(longestIdle);
      return;
    }
  }

  function openTo(origin: Origin, occupant: Occupant): UpstreamConnection {
    makeRoom();
    const connection = connect(origin.to, occupant);
    all.add(connection);
    origin.open += 1;
    byKey.set(origin.to.key, origin); // again, where its last connection has just gone
    return connection;
  }

  return {
    now,
    connectSeconds,
    take(upstream, occupant) {
      const origin = originOf(upstream);
      const connection = usableOf(origin.idle, now);
      if (connection === null) return openTo(origin, occupant);
      connection.occupant = occupant;
      connection.isReused = true;
      return connection;
    },
    open: (upstream, occupant) => openTo(originOf(upstream), occupant),
    giveBack(connection) {
      const origin = byKey.get(connection.key);
      connection.occupant = null;
      resumeReading(connection);
      if (origin === undefined || !keepsIdle || origin.idle.length >= mostIdle) close(connection);
      else {
        connection.idleUntil = now() + connection.keepSeconds;
        origin.idle.push(connection);
      }
    },
    sweep() {
      const time = now();
      for (const connection of all) {
        const { occupant } = connection;
        if (occupant === null) {
          if (time >= connection.idleUntil) close(connection);
        } else if (time >= occupant.expiresAt) occupant.expired();
      }
    },
    drain() {
      keepsIdle = false;
      for (const connection of all) if (connection.occupant === null) close(connection);
    },
    count() {
      let idle = 0;
      for (const { occupant } of all) if (occupant === null) idle += 1;
      return { idle, inUse: all.size - idle };
    },
  };
}

/** Takes the last one out that may still be used; those past their time are closed. */
function usableOf(idle: UpstreamConnection[], now: () => number): UpstreamConnection | null {
  for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
    if (now() < connection.idleUntil && connection.socket?.readyState === 1) return connection;
    cut(connection);
  }
  return null;
}
