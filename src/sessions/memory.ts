import { Failure } from "../core/failure.ts";
import { endsAt, neverEvicts, type SessionRow, type SessionRows } from "./rows.ts";

/** Session rows in the memory of this process: lost when it ends, not visible to other processes. */
export function memoryRows(): SessionRows {
  const rows = new Map<string, SessionRow>();
  const bySubject = new Map<string, Set<string>>();
  const byIdpSession = new Map<string, Set<string>>();
  const leasedUntil = new Map<string, number>();
  let closed = false;

  function open(): void {
    if (closed) throw new Failure("store_unavailable", "session store: memory: closed");
  }

  function drop(key: string): boolean {
    const row = rows.get(key);
    if (row === undefined) return false;
    rows.delete(key);
    leasedUntil.delete(key);
    unlink(bySubject, row.subjectKeys.subject, key);
    if (row.subjectKeys.idpSession !== null) unlink(byIdpSession, row.subjectKeys.idpSession, key);
    return true;
  }

  function put(row: SessionRow): void {
    rows.set(row.key, row);
    link(bySubject, row.subjectKeys.subject, row.key);
    if (row.subjectKeys.idpSession !== null) link(byIdpSession, row.subjectKeys.idpSession, row.key);
  }

  function liveRow(key: string, now: number): SessionRow | null {
    open();
    const row = rows.get(key);
    return row === undefined || endsAt(row) <= now ? null : row;
  }

  function dropLinked(index: Map<string, Set<string>>, names: readonly string[]): number {
    open();
    const keys = names.flatMap((name) => [...(index.get(name) ?? [])]);
    return keys.filter(drop).length;
  }

  return {
    async insert(row) {
      open();
      if (rows.has(row.key))
        throw new Failure("store_unavailable", "session store: memory: the session already exists");
      put(row);
    },
    async find(key) {
      open();
      return rows.get(key) ?? null;
    },
    async touch(key, lastSeenAt, now) {
      const row = liveRow(key, now);
      if (row !== null && lastSeenAt > row.lastSeenAt) rows.set(key, { ...row, lastSeenAt });
    },
    async replace(row, now) {
      const old = liveRow(row.key, now);
      if (old === null || old.version !== row.version - 1) return false;
      drop(row.key);
      const { expiresAt, idleSeconds, lastSeenAt } = old;
      put({ ...row, expiresAt, idleSeconds, lastSeenAt });
      return true;
    },
    async lease(key, until, now) {
      if (liveRow(key, now) === null || (leasedUntil.get(key) ?? 0) > now) return false;
      leasedUntil.set(key, until);
      return true;
    },
    async trim(subjectKey, most) {
      open();
      const theirs = [...(bySubject.get(subjectKey) ?? [])].flatMap((key) => rows.get(key) ?? []);
      theirs.sort((left, right) => right.lastSeenAt - left.lastSeenAt);
      for (const { key } of theirs.slice(most)) drop(key);
    },
    async remove(key) {
      open();
      drop(key);
    },
    async removeByPrefix(prefix) {
      open();
      return [...rows.keys()].filter((key) => key.startsWith(prefix) && drop(key)).length;
    },
    removeBySubject: async (keys) => dropLinked(bySubject, keys),
    removeByIdpSession: async (keys) => dropLinked(byIdpSession, keys),
    async removeEnded(now) {
      open();
      const ended = [...rows.values()].filter((row) => endsAt(row) <= now);
      return ended.filter((row) => drop(row.key)).length;
    },
    async count(now) {
      open();
      return [...rows.values()].filter((row) => endsAt(row) > now).length;
    },
    async page(after, limit) {
      open();
      const keys = [...rows.keys()]
        .filter((key) => key > after)
        .sort()
        .slice(0, limit);
      return { rows: keys.flatMap((key) => rows.get(key) ?? []), last: keys.at(-1) ?? null };
    },
    takeChanges() {
      open();
      return { kind: "none" }; // no other process changes these rows
    },
    announceAll: async () => open(), //            no other process keeps these rows
    async evictionPolicy() {
      open();
      return neverEvicts;
    },
    async close() {
      closed = true;
      rows.clear();
      bySubject.clear();
      byIdpSession.clear();
      leasedUntil.clear();
    },
  };
}

function link(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys === undefined) index.set(name, new Set([key]));
  else keys.add(key);
}

function unlink(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(name);
}
