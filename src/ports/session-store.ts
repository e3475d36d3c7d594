import type { Session } from "../core/session.ts";

/**
 * Where sessions live. Every method may throw `Failure("store_unavailable")`; none returns a session that is past its limits
 * by the store's clock. Deleting wins over every write: a write after a delete never brings a session back.
 */
export interface SessionStore {
  create(session: Session): Promise<void>;
  get(id: string): Promise<Session | null>; //                 null: absent, past its limits, or not readable with our secrets
  touch(id: string, lastSeenAt: number): Promise<void>; //     does nothing when the session is gone
  delete(id: string): Promise<void>;
  deleteBySubject(issuer: string, subject: string): Promise<number>; // how many, over all providers
  deleteByIdpSession(issuer: string, idpSession: string): Promise<number>; // by `sid`
  deleteExpired(): Promise<number>;
  count(): Promise<number>; //                                 those within their limits
  close(): Promise<void>;
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
  close(): Promise<void>;
}
