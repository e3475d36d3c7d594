import type { Identity } from "./identity.ts";

/** The login of one browser at one provider. All times are seconds since the epoch. */
export interface Session {
  readonly id: string; //                          256 random bits, base64url (43 characters); never stored
  readonly providerSlug: string;
  readonly identity: Identity;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number; //                   absolute limit
  readonly idleSeconds: number; //                 0: no idle limit
  readonly refresh: SessionRefresh | null; //      null: claims stay as they were at login
  readonly version: number; //                     1 at login, one more with every update
}

/** What akproxy needs to refresh the claims of a session (decision 19). */
export interface SessionRefresh {
  readonly token: string; //                       the issuer's refresh token
  readonly dueAt: number; //                       when the claims are due for a refresh
}

/** Is the session within its absolute limit and its idle limit at `now`? */
export function isLive(session: Session, now: number): boolean {
  return now < session.expiresAt && (session.idleSeconds === 0 || now < session.lastSeenAt + session.idleSeconds);
}

/**
 * Must the store learn that the session was seen? At most once a minute and once in a tenth of the idle limit. So an idle limit costs few
 * writes, and is exact to a tenth.
 */
export function wantsTouch(session: Session, now: number): boolean {
  if (session.idleSeconds === 0) return false;
  return now - session.lastSeenAt >= Math.min(60, Math.max(1, session.idleSeconds / 10));
}
