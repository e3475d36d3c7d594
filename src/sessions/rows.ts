/** A session as a backend sees it: opaque keys, three plain times to expire by, two sealed blobs. */
export interface SessionRow {
  readonly key: string; //                         SHA-256 of the session's id, base64url
  readonly subjectKeys: SubjectKeys;
  readonly expiresAt: number; //                   absolute limit, epoch seconds
  readonly idleSeconds: number; //                 0: no idle limit
  readonly lastSeenAt: number;
  readonly version: number; //                     1, and one more with every replacement
  readonly summary: Uint8Array;
  readonly body: Uint8Array;
}

/** What a session is found by when somebody signs out: keyed digests, equal for equal people. */
export interface SubjectKeys {
  readonly subject: string; //                     of issuer and `sub`
  readonly idpSession: string | null; //           of issuer and `sid`
}

/**
 * What a backend of sessions must do, with rows it cannot read. `now` is given, never asked. Each method is atomic; each may throw
 * `Failure("store_unavailable")`, and does after `close`. A row is past its limits from `endsAt` on.
 */
export interface SessionRows {
  insert(row: SessionRow): Promise<void>; //                   a key that stands already is a failure
  find(key: string): Promise<SessionRow | null>; //            past its limits or not
  /** Moves lastSeenAt forward, never back, of a row that stands and is within its limits; makes none. */
  touch(key: string, lastSeenAt: number, now: number): Promise<void>;
  /** Replaces index keys, version and blobs of the row that stands at the version before and ends after `now`; ends its lease. Else false. */
  replace(row: SessionRow, now: number): Promise<boolean>;
  /** Leases the row that stands, ends after `now` and is leased to nobody at `now`. Else false. */
  lease(key: string, until: number, now: number): Promise<boolean>;
  /** Of the rows with this subject key removes all but the `most` that were seen last. */
  trim(subjectKey: string, most: number): Promise<void>;
  remove(key: string): Promise<void>;
  removeByPrefix(prefix: string): Promise<number>; //          all rows whose key begins so
  /** Removes all rows whose subject key is one of these (one a secret); how many were within their limits or not. */
  removeBySubject(keys: readonly string[]): Promise<number>;
  removeByIdpSession(keys: readonly string[]): Promise<number>;
  removeEnded(now: number): Promise<number>;
  count(now: number): Promise<number>; //                      those within their limits
  /** The next rows in the order of their keys, past their limits or not; "" is before all. At most `limit`, or fewer. */
  page(after: string, limit: number): Promise<RowPage>;
  /** Which rows others may have removed or replaced since this was asked last; to be asked by one cache. Cheap: once a request. What others do in the same turn of the event loop may be told in the next. */
  takeChanges(): RowChanges;
  close(): Promise<void>;
}

/** Rows in the order of their keys. `last` is where to go on; null: there are no more. */
export interface RowPage {
  readonly rows: readonly SessionRow[];
  readonly last: string | null;
}

/** What may no longer be as it was read. */
export type RowChanges =
  | { readonly kind: "none" }
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  | { readonly kind: "all" };

/** The first text after all that begin with this prefix of base64url: nothing in base64url is as high as "~". */
export function afterPrefix(prefix: string): string {
  return `${prefix}~`;
}

/** When the row stops being a session: the earlier of its absolute and its idle limit, epoch seconds. */
export function endsAt(row: SessionRow): number {
  return row.idleSeconds === 0 ? row.expiresAt : Math.min(row.expiresAt, row.lastSeenAt + row.idleSeconds);
}
