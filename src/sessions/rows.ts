/** A session as a backend sees it: opaque keys, three plain times for expiry, two sealed blobs. */
export interface SessionRow {
  readonly key: string; //                         SHA-256 of the session's id, base64url
  readonly subjectKeys: SubjectKeys;
  readonly expiresAt: number; //                   absolute limit, epoch seconds
  readonly idleSeconds: number; //                 0: no idle limit
  readonly lastSeenAt: number;
  readonly version: number; //                     1, increased by every replacement
  readonly summary: Uint8Array;
  readonly body: Uint8Array;
}

/** The index keys for a sign-out: keyed digests, equal for the same user. */
export interface SubjectKeys {
  readonly subject: string; //                     of issuer and `sub`
  readonly idpSession: string | null; //           of issuer and `sid`
}

/**
 * What every session backend must do; it cannot read the rows. `now` is an argument: a backend reads no clock. Each method is atomic.
 * Each may throw `Failure("store_unavailable")`, and always does after `close`. A row is past its limits from `endsAt` on.
 */
export interface SessionRows {
  insert(row: SessionRow): Promise<void>; //                   throws when the key already exists
  find(key: string): Promise<SessionRow | null>; //            past its limits or not
  /** Moves lastSeenAt of an existing row within its limits forward, never back; creates no row. */
  touch(key: string, lastSeenAt: number, now: number): Promise<void>;
  /** Replaces index keys, version and blobs of a row that has the previous version and ends after `now`; ends its lease. Else false. */
  replace(row: SessionRow, now: number): Promise<boolean>;
  /** Leases an existing row that ends after `now` and has no lease at `now`. Else false. */
  lease(key: string, until: number, now: number): Promise<boolean>;
  /** Removes all rows with this subject key except the `most` that were seen last. */
  trim(subjectKey: string, most: number): Promise<void>;
  remove(key: string): Promise<void>;
  removeByPrefix(prefix: string): Promise<number>; //          all rows whose key starts with it
  /** Removes all rows whose subject key is one of these (one per secret); returns how many, past their limits or not. */
  removeBySubject(keys: readonly string[]): Promise<number>;
  removeByIdpSession(keys: readonly string[]): Promise<number>;
  removeEnded(now: number): Promise<number>;
  count(now: number): Promise<number>; //                      rows within their limits
  /** The next rows in key order, past their limits or not; "" starts at the first. At most `limit`. */
  page(after: string, limit: number): Promise<RowPage>;
  /**
   * The rows that other processes may have removed or replaced since the last call; for a single cache. Cheap enough for every request.
   * A change made in the same turn of the event loop may be reported in the next turn.
   */
  takeChanges(): RowChanges;
  /** Makes `takeChanges` of every other process report that all rows may have changed. */
  announceAll(): Promise<void>;
  /** As in SessionStore. */
  evictionPolicy(): Promise<string | null>;
  close(): Promise<void>;
}

/** Rows in key order. `last` is where the next page starts; null: there are no more. */
export interface RowPage {
  readonly rows: readonly SessionRow[];
  readonly last: string | null;
}

/** The rows that may have changed since they were read. */
export type RowChanges =
  | { readonly kind: "none" }
  | { readonly kind: "some"; readonly names: readonly string[] }
  | { readonly kind: "all" };

/**
 * The names under which changes of rows are announced: the key of a row, or `u:` and a subject key, or `i:` and the key of a session at the
 * issuer. A sign-out announces its index keys too, because a row that the store has lost is in no index any more, and a cache may still have it.
 */
export const changeNames = {
  subject: (key: string) => `u:${key}`,
  idpSession: (key: string) => `i:${key}`,
} as const;

/** The policy of a store that drops no row before its end; the name is that of Redis. */
export const neverEvicts = "noeviction";

/** A text that sorts after every base64url text with this prefix: "~" sorts after all base64url characters. */
export function afterPrefix(prefix: string): string {
  return `${prefix}~`;
}

/** When the session ends: the earlier of its absolute and its idle limit, epoch seconds. */
export function endsAt(row: SessionRow): number {
  return row.idleSeconds === 0 ? row.expiresAt : Math.min(row.expiresAt, row.lastSeenAt + row.idleSeconds);
}
