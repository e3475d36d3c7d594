import { Memory } from "../core/bounds/memory.ts";
import { type Identity, identityBytes } from "../core/identity.ts";
import type { Session } from "../core/session.ts";
import { rowKey } from "./record.ts";

/** A session in the memory of this process. Times are epoch seconds. */
export interface KeptSession {
  readonly session: Session;
  readonly endsAt: number; //                      from here on it is not used
  readAgainAt: number; //                          from here on it is read from the store again
}

export interface KeptOptions {
  readonly limit: number;
  readonly bytes: number;
  /** The names, besides the key of its row, under which the end of a session with this identity is announced. */
  readonly namesOf: (identity: Identity) => readonly string[];
}

/** What a session costs besides its texts: its names, and its places in the maps. */
const indexBytes = 1536;

interface Entry extends KeptSession {
  readonly names: readonly string[]; //            the key of its row first
}

/** Sessions by id, and by each name under which a change of them is announced. The oldest entry is evicted first. */
export function keptSessions({ limit, bytes, namesOf }: KeptOptions) {
  const open = new Memory<Entry>({
    entries: limit,
    bytes,
    bytesOf: ({ session }) => indexBytes + identityBytes(session.identity),
    evicted: unlink,
  });
  const idsOf = new Map<string, readonly string[]>(); // lists: nearly every user has one session

  function forget(id: string): void {
    const entry = open.get(id);
    if (entry === undefined) return;
    open.delete(id);
    unlink(id, entry);
  }

  function unlink(id: string, { names }: Entry): void {
    for (const name of names) {
      const ids = (idsOf.get(name) ?? []).filter((other) => other !== id);
      if (ids.length === 0) idsOf.delete(name);
      else idsOf.set(name, ids);
    }
  }

  return {
    forget,
    get: (id: string): KeptSession | undefined => open.get(id),
    /** Keeps a session that was read from the store. */
    keep(session: Session, times: { readonly endsAt: number; readonly readAgainAt: number }): void {
      const { id, identity } = session;
      const before = open.get(id);
      forget(id); //                               its user or its session at the issuer may be another one now
      const seenAt = before?.session.lastSeenAt ?? 0; // it may have been used while it was read
      const newest = session.lastSeenAt >= seenAt ? session : { ...session, lastSeenAt: seenAt };
      const names = [rowKey(id), ...namesOf(identity)];
      open.set(id, { ...times, session: newest, names });
      if (!open.has(id)) return;
      for (const name of names) idsOf.set(name, [...(idsOf.get(name) ?? []), id]);
    },
    /** Replaces a kept session that was used; its identity is the same. */
    replace(session: Session): void {
      const entry = open.get(session.id);
      if (entry !== undefined) open.set(session.id, { ...entry, session });
    },
    forgetNamed(names: readonly string[]): void {
      for (const name of names) for (const id of idsOf.get(name) ?? []) forget(id);
    },
    forgetAll(): void {
      open.clear();
      idsOf.clear();
    },
  };
}
