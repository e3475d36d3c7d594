import { Memory } from "../core/bounds/memory.ts";
import { type Identity, identityBytes } from "../core/identity.ts";
import { isLive, type Session } from "../core/session.ts";
import type { SessionStore } from "../ports/session-store.ts";
import { rowKey } from "./record.ts";
import type { RowChanges } from "./rows.ts";

export interface CacheOptions {
  readonly now: () => number; //                   epoch seconds
  /** See SessionRows. Throws Failure store_unavailable when the changes cannot be read. */
  readonly takeChanges: () => RowChanges;
  readonly limit?: number; //                      cached sessions; the oldest entry is evicted first
  readonly bytes?: number; //                      of all cached sessions together
}

/**
 * A cache of opened sessions, so that a request with a known session needs no look-up in the store. A session that this process deletes
 * leaves the cache at once, and a look-up that overlaps the deletion is not cached. A session that another process changes leaves the
 * cache as soon as `takeChanges` reports it.
 */
export function cachedSessions(store: SessionStore, options: CacheOptions): SessionStore {
  const { now, takeChanges, limit = 100_000, bytes = mostBytes } = options;
  const kept = keptSessions(limit, bytes);
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
    else for (const key of changed.keys) kept.forgetKey(key);
  }

  async function fetched(id: string): Promise<Session | null> {
    const before = changes;
    const session = await store.get(id);
    if (session !== null && changes === before) kept.keep(session);
    return session;
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
      if (found !== undefined && isLive(found, now())) return found;
      // idle for too long here, but another process may have touched the session: ask the store
      if (found !== undefined) kept.forget(id);
      return fetched(id);
    },
    async touch(id, lastSeenAt) {
      await store.touch(id, lastSeenAt);
      const found = kept.get(id);
      const moves = found !== undefined && found.lastSeenAt < lastSeenAt && isLive(found, now());
      if (moves) kept.keep({ ...found, lastSeenAt });
    },
    /** A process that refreshes a session must read its current state: another one may have refreshed it a moment ago. */
    lease: (id, seconds) => changing(store.lease(id, seconds), () => kept.forget(id)),
    // the store may have ended another session of the same user
    create: (session) => changing(store.create(session), () => kept.forgetPerson(session.identity)),
    update: (session) => changing(store.update(session), () => kept.forget(session.id)),
    deleteByHandle: (handle) => changing(store.deleteByHandle(handle), kept.forgetAll),
    delete: (id) => changing(store.delete(id), () => kept.forget(id)),
    deleteBySubject: (issuer, subject) =>
      changing(store.deleteBySubject(issuer, subject), () => kept.forgetPerson({ issuer, subject })),
    deleteByIdpSession: (issuer, idpSession) => changing(store.deleteByIdpSession(issuer, idpSession), kept.forgetAll),
    async close() {
      kept.forgetAll();
      await store.close();
    },
  };
}

type Person = Pick<Identity, "issuer" | "subject">;

/** A session is about 10 KiB: with the usual limit of 100,000, larger ones are evicted earlier. */
const mostBytes = 1024 * 1024 * 1024;

/** What a session costs besides its texts: the indexes by row and by user. */
const indexBytes = 1024;

/** Sessions by id, by the key of their row and by user. */
function keptSessions(limit: number, bytes: number) {
  const open = new Memory<Session>({
    entries: limit,
    bytes,
    bytesOf: ({ identity }) => indexBytes + identityBytes(identity),
    evicted: unlink,
  });
  const idOfKey = new Map<string, string>();
  const idsOf = new Map<string, readonly string[]>(); // lists: nearly every user has one session

  function forget(id: string): void {
    const session = open.get(id);
    if (session === undefined) return;
    open.delete(id);
    unlink(id, session);
  }

  function unlink(id: string, session: Session): void {
    idOfKey.delete(rowKey(id));
    const person = personOf(session.identity);
    const ids = (idsOf.get(person) ?? []).filter((other) => other !== id);
    if (ids.length === 0) idsOf.delete(person);
    else idsOf.set(person, ids);
  }

  return {
    forget,
    get: (id: string) => open.get(id),
    keep(session: Session): void {
      const isNew = !open.has(session.id);
      open.set(session.id, session);
      if (!isNew || !open.has(session.id)) return;
      idOfKey.set(rowKey(session.id), session.id);
      const person = personOf(session.identity);
      idsOf.set(person, [...(idsOf.get(person) ?? []), session.id]);
    },
    forgetKey(key: string): void {
      const id = idOfKey.get(key);
      if (id !== undefined) forget(id);
    },
    forgetPerson(person: Person): void {
      for (const id of idsOf.get(personOf(person)) ?? []) forget(id);
    },
    forgetAll(): void {
      open.clear();
      idOfKey.clear();
      idsOf.clear();
    },
  };
}

function personOf({ issuer, subject }: Person): string {
  return `${issuer}\n${subject}`;
}
