import type { Session } from "../core/session.ts";
import type { Soon } from "../core/soon.ts";

/**
 * Where sessions live. Every method may throw `Failure("store_unavailable")`; none returns a session that is past its limits
 * by the store's clock. Deleting wins over every write: a write after a delete never brings a session back.
 */
export interface SessionStore {
  create(session: Session): Promise<void>; //                  of more than 1000 of a person the one seen longest ago ends
  get(id: string): Soon<Session | null>; //                    null: absent, past its limits, or not readable with our secrets; never throws, may reject
  touch(id: string, lastSeenAt: number): Promise<void>; //     does nothing when the session is gone
  /**
   * Replaces identity and refresh of the session that stands (its limits must be the same), if it stands at `session.version - 1` and is within its limits. False when
   * it is gone, ended or was updated meanwhile: nothing is changed and nothing comes back.
   */
  update(session: Session): Promise<boolean>;
  /**
   * Takes the right to refresh this session for so long, against every other instance. False when it is taken or the session is gone.
   * An update gives it back; nothing else does before its time.
   */
  lease(id: string, seconds: number): Promise<boolean>;
  delete(id: string): Promise<void>;
  deleteBySubject(issuer: string, subject: string): Promise<number>; // how many, over all providers
  deleteByIdpSession(issuer: string, idpSession: string): Promise<number>; // by `sid`
  deleteExpired(): Promise<number>;
  count(): Promise<number>; //                                 those within their limits
  /** Those within their limits that our secrets open, of one user name (as it is written) or of all; the newest first. */
  list(filter: { readonly username: string | null }): Promise<readonly SessionSummary[]>;
  /** Ends the session that a list named so; how many ended. What is no handle names none. */
  deleteByHandle(handle: string): Promise<number>;
  close(): Promise<void>;
}

/** What can be told of a session without its id (decision 34). Times are epoch seconds. */
export interface SessionSummary {
  readonly handle: string; //                      10 characters of base64url; names the session, opens nothing
  readonly username: string;
  readonly providerSlug: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly endsAt: number; //                      the earlier of its limits
}

/** What a store knows of an id, told apart for people; a request needs only `get`. */
export type SessionSight =
  | { readonly kind: "live"; readonly session: Session }
  | { readonly kind: "ended"; readonly session: Session } //   past its limits, not swept yet
  | { readonly kind: "unreadable" } //                         there, but sealed with a secret we do not have
  | { readonly kind: "absent" };

/** A store looked at from outside the running outpost, changing nothing. May throw `Failure("store_unavailable")`. */
export interface SessionReader {
  look(id: string): Promise<SessionSight>;
  /** As of SessionStore. */
  list(filter: { readonly username: string | null }): Promise<readonly SessionSummary[]>;
  close(): Promise<void>;
}
