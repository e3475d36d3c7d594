import type { Identity } from "../core/identity.ts";
import { isLive, type Session } from "../core/session.ts";
import type { SessionStore } from "../ports/session-store.ts";

export interface CacheOptions {
  readonly now: () => number; //                   epoch seconds
  /** Changes when another process or connection may have changed the store; throws Failure store_unavailable when that can't be told. */
  readonly foreignChanges: () => unknown;
  readonly limit?: number; //                      sessions kept open; the one opened longest ago goes first
}

/**
 * Open sessions kept in memory, so that a request of a known visitor costs no look-up. What this process deletes is gone at once and stays
 * gone: a look-up that was under way meanwhile is not kept. What others change empties the cache as soon as `foreignChanges` tells it.
 */
export function cachedSessions(store: SessionStore, options: CacheOptions): SessionStore {
  const { now, foreignChanges, limit = 100_000 } = options;
  const open = new Map<string, Session>();
  const idsOf = new Map<string, Set<string>>();
  let deletions = 0;
  let seenChanges = foreignChanges();

  function keep(session: Session): void {
    if (open.size >= limit) {
      const [oldest] = open.keys();
      if (oldest !== undefined) forget(oldest);
    }
    open.set(session.id, session);
    const person = personOf(session.identity);
    const ids = idsOf.get(person);
    if (ids === undefined) idsOf.set(person, new Set([session.id]));
    else ids.add(session.id);
  }

  function forget(id: string): void {
    const session = open.get(id);
    if (session === undefined) return;
    open.delete(id);
    const person = personOf(session.identity);
    const ids = idsOf.get(person);
    ids?.delete(id);
    if (ids?.size === 0) idsOf.delete(person);
  }

  function forgetAll(): void {
    open.clear();
    idsOf.clear();
  }

  /** Runs a deletion or an update so that no look-up that overlaps it is kept. */
  async function deleting<Result>(work: Promise<Result>, forgetThem: () => void): Promise<Result> {
    deletions += 1;
    try {
      return await work;
    } finally {
      deletions += 1;
      forgetThem();
    }
  }

  return {
    ...store,
    async get(id) {
      const changes = foreignChanges();
      if (changes !== seenChanges) forgetAll();
      seenChanges = changes;
      const kept = open.get(id);
      if (kept !== undefined) {
        if (isLive(kept, now())) return kept;
        // another process may have seen the visitor meanwhile: the store knows
        forget(id);
      }
      const before = deletions;
      const session = await store.get(id);
      if (session !== null && deletions === before) keep(session);
      return session;
    },
    async touch(id, lastSeenAt) {
      await store.touch(id, lastSeenAt);
      const kept = open.get(id);
      const moves = kept !== undefined && kept.lastSeenAt < lastSeenAt && isLive(kept, now());
      if (moves) open.set(id, { ...kept, lastSeenAt });
    },
    update: (session) => deleting(store.update(session), () => forget(session.id)),
    deleteByHandle: (handle) => deleting(store.deleteByHandle(handle), forgetAll),
    delete: (id) => deleting(store.delete(id), () => forget(id)),
    deleteBySubject: (issuer, subject) =>
      deleting(store.deleteBySubject(issuer, subject), () => {
        for (const id of [...(idsOf.get(personOf({ issuer, subject })) ?? [])]) forget(id);
      }),
    deleteByIdpSession: (issuer, idpSession) => deleting(store.deleteByIdpSession(issuer, idpSession), forgetAll),
    async close() {
      forgetAll();
      await store.close();
    },
  };
}

function personOf({ issuer, subject }: Pick<Identity, "issuer" | "subject">): string {
  return `${issuer}\n${subject}`;
}
