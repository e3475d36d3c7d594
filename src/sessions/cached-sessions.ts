import { isLive, type Session } from "../core/session.ts";
import type { SessionStore } from "../ports/session-store.ts";
import { type KeptSession, keptSessions } from "./kept-sessions.ts";
import type { RowChanges } from "./rows.ts";

export interface CacheOptions {
  readonly now: () => number; //                   epoch seconds
  /** Between 0 and 1; spreads the reads of sessions that were kept at the same moment. */
  readonly spread?: () => number;
  /** See SessionRows. Throws Failure store_unavailable when the changes cannot be read. */
  readonly takeChanges: () => RowChanges;
  /** The names under which the store announces that a user's sessions, or those of a session at the issuer, have ended. */
  readonly subjectNames: (issuer: string, subject: string) => readonly string[];
  readonly idpSessionNames: (issuer: string, idpSession: string) => readonly string[];
  readonly limit?: number; //                      cached sessions; the oldest entry is evicted first
  readonly bytes?: number; //                      of all cached sessions together
}

/**
 * How old a cached session may become, in seconds. A store may lose a row without an announcement, by eviction or by hand (decision 59).
 * From `soonest` on a request starts a read in the background and does not wait for it; at `latest` the request waits.
 */
const age = { soonest: 30, spread: 20, latest: 60 } as const;

/** The time between two reads of one session in the background: the store may be unavailable. */
const retrySeconds = 5;

/**
 * A cache of opened sessions, so that a request with a known session needs no look-up in the store. A session that this process deletes
 * leaves the cache at once, and a look-up that overlaps the deletion is not cached. A session that another process changes leaves the
 * cache as soon as `takeChanges` reports it. A session that the store has lost leaves the cache after at most 60 s.
 */
export function cachedSessions(store: SessionStore, options: CacheOptions): SessionStore {
  const { now, takeChanges, subjectNames, idpSessionNames } = options;
  const { spread = Math.random } = options;
  const kept = keptSessions({
    limit: options.limit ?? 100_000,
    bytes: options.bytes ?? mostBytes,
    namesOf: ({ issuer, subject, idpSession }) => [
      ...subjectNames(issuer, subject),
      ...(idpSession === null ? [] : idpSessionNames(issuer, idpSession)),
    ],
  });
  let changes = 0;

  /** Runs a deletion or an update so that no overlapping look-up is cached. */
  async function changing<Result>(work: Promise<Result>, forgetThem: () => void): Promise<Result> {
    changes += 1;
    try {
      return await work;
    } finally {
      changes += 1;
      forgetThem();
    }
  }

  function forgetChanged(): void {
    const changed = takeChanges();
    if (changed.kind === "none") return;
    changes += 1;
    if (changed.kind === "all") kept.forgetAll();
    else kept.forgetNamed(changed.names);
  }

  async function fetched(id: string): Promise<Session | null> {
    const before = changes;
    const readAt = now();
    const session = await store.get(id);
    if (session !== null && changes === before) {
      kept.keep(session, {
        readAgainAt: readAt + age.soonest + Math.floor(spread() * age.spread),
        endsAt: readAt + age.latest,
      });
    }
    return session;
  }

  /** Nobody waits for it. When it fails, the session stays until `age.latest`. */
  async function readAgain(entry: KeptSession): Promise<void> {
    entry.readAgainAt = now() + retrySeconds;
    const { id } = entry.session;
    try {
      if ((await fetched(id)) === null) kept.forget(id);
    } catch {
      // the store is unavailable: requests that need it report it
    }
  }

  return {
    ...store,
    get(id) {
      try {
        forgetChanged();
      } catch (error) {
        return Promise.reject(error);
      }
      const found = kept.get(id);
      if (found === undefined) return fetched(id);
      const at = now();
      const left = found.endsAt - at; //           more than it began with: the clock was set back
      // idle for too long here, but another process may have touched the session: ask the store
      if (left <= 0 || left > age.latest || !isLive(found.session, at)) {
        kept.forget(id);
        return fetched(id);
      }
      if (at >= found.readAgainAt) void readAgain(found);
      return found.session;
    },
    async touch(id, lastSeenAt) {
      await store.touch(id, lastSeenAt);
      const found = kept.get(id)?.session;
      const moves = found !== undefined && found.lastSeenAt < lastSeenAt && isLive(found, now());
      if (moves) kept.replace({ ...found, lastSeenAt });
    },
    /** A process that refreshes a session must read its current state: another one may have refreshed it a moment ago. */
    lease: (id, seconds) => changing(store.lease(id, seconds), () => kept.forget(id)),
    // the store may have ended another session of the same user
    create: (session) =>
      changing(store.create(session), () =>
        kept.forgetNamed(subjectNames(session.identity.issuer, session.identity.subject)),
      ),
    update: (session) => changing(store.update(session), () => kept.forget(session.id)),
    deleteByHandle: (handle) => changing(store.deleteByHandle(handle), kept.forgetAll),
    delete: (id) => changing(store.delete(id), () => kept.forget(id)),
    deleteBySubject: (issuer, subject) =>
      changing(store.deleteBySubject(issuer, subject), () => kept.forgetNamed(subjectNames(issuer, subject))),
    deleteByIdpSession: (issuer, idpSession) =>
      changing(store.deleteByIdpSession(issuer, idpSession), () =>
        kept.forgetNamed(idpSessionNames(issuer, idpSession)),
      ),
    announceAll: () => changing(store.announceAll(), kept.forgetAll),
    async close() {
      kept.forgetAll();
      await store.close();
    },
  };
}

/** A session is about 10 KiB: with the usual limit of 100,000, larger ones are evicted earlier. */
const mostBytes = 1024 * 1024 * 1024;
