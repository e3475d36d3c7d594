import type { Session } from "../core/session.ts";
import type { Soon } from "../core/soon.ts";

/**
 * A store of sessions. Every method may throw `Failure("store_unavailable")`. No method returns a session that has expired by the store's
 * clock. A delete wins over every write: a write after a delete never restores a session.
 */
export interface SessionStore {
  create(session: Session): Promise<void>; //                  a user has at most 1000; beyond that, the session seen longest ago ends
  get(id: string): Soon<Session | null>; //                    null: absent, expired, or not readable with our secrets; never throws, may reject
  touch(id: string, lastSeenAt: number): Promise<void>; //     does nothing when the session is gone
  /**
   * Replaces the identity and the refresh of a stored session; its limits must be the same. Works only when the stored version is
   * `session.version - 1` and the session has not expired. False: the session is absent, has ended or was updated meanwhile; nothing changes.
   */
  update(session: Session): Promise<boolean>;
  /**
   * Reserves the right to refresh this session for `seconds`, against every other instance. False: it is reserved, or the session is absent.
   * Only an update releases it early.
   */
  lease(id: string, seconds: number): Promise<boolean>;
  delete(id: string): Promise<void>;
  deleteBySubject(issuer: string, subject: string): Promise<number>; // how many, over all providers
  deleteByIdpSession(issuer: string, idpSession: string): Promise<number>; // by `sid`
  deleteExpired(): Promise<number>;
  count(): Promise<number>; //                                 those that have not expired
  /** Writes, reads, announces and deletes a row as a login and a sign-out do, and leaves none. Throws when a login would fail. */
  probe(): Promise<void>;
  /** Makes every other instance read the sessions that it keeps in memory from the store again, within a second. */
  announceAll(): Promise<void>;
  /** What the store does when its memory is full: "noeviction" drops no session, null is unknown, any other policy may drop some. */
  evictionPolicy(): Promise<string | null>;
  /** The sessions that have not expired and that our secrets open, of one user name (exact) or of all; the newest first. */
  list(filter: { readonly username: string | null }): Promise<readonly SessionSummary[]>;
  /** Ends the session with a handle from `list`; how many ended. A text that is not a handle ends none. */
  deleteByHandle(handle: string): Promise<number>;
  close(): Promise<void>;
}

/** What akproxy can show of a session without its id (decision 34). Times are epoch seconds. */
export interface SessionSummary {
  readonly handle: string; //                      10 characters of base64url; names the session, but does not open it
  readonly username: string;
  readonly providerSlug: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly endsAt: number; //                      the earlier of its limits
}

/** The state of an id in a store, in detail, for tools; a request needs only `get`. */
export type SessionSight =
  | { readonly kind: "live"; readonly session: Session }
  | { readonly kind: "ended"; readonly session: Session } //   expired, not deleted yet
  | { readonly kind: "unreadable" } //                         there, but sealed with a secret we do not have
  | { readonly kind: "absent" };

/** A store that a tool reads from outside the running outpost. It changes nothing. May throw `Failure("store_unavailable")`. */
export interface SessionReader {
  look(id: string): Promise<SessionSight>;
  /** As in SessionStore. */
  list(filter: { readonly username: string | null }): Promise<readonly SessionSummary[]>;
  close(): Promise<void>;
}
