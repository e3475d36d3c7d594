import { isLive, type Session } from "../core/session.ts";
import type { SessionReader, SessionSight, SessionStore } from "../ports/session-store.ts";
import type { Keys } from "../seal/keys.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import { idpSessionKeys, openSession, rowKey, sealSession, subjectKeys } from "./record.ts";
import type { SessionRows } from "./rows.ts";

/** What sealing and expiring sessions needs of the world. `now` in epoch seconds. */
export interface SealedSessionsDeps {
  readonly keys: Keys;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
}

/** Sessions over rows that tell their keeper nothing (decision 34); the limits are judged here, by the sealed times. */
export function sealedSessions(rows: SessionRows, deps: SealedSessionsDeps): SessionStore & SessionReader {
  const { keys, now, randomBytes } = deps;

  async function look(id: string): Promise<SessionSight> {
    const row = await rows.find(rowKey(id));
    if (row === null) return { kind: "absent" };
    const session: Session | null = openSession(row, id, keys);
    if (session === null) return { kind: "unreadable" };
    return { kind: isLive(session, now()) ? "live" : "ended", session };
  }

  return {
    look,
    async get(id) {
      const sight = await look(id);
      return sight.kind === "live" ? sight.session : null;
    },
    create: (session) => rows.insert(sealSession(session, keys, randomBytes)),
    touch: (id, lastSeenAt) => rows.touch(rowKey(id), lastSeenAt, now()),
    delete: (id) => rows.remove(rowKey(id)),
    deleteBySubject: (issuer, subject) => rows.removeBySubject(subjectKeys(keys, issuer, subject)),
    deleteByIdpSession: (issuer, idpSession) => rows.removeByIdpSession(idpSessionKeys(keys, issuer, idpSession)),
    deleteExpired: () => rows.removeEnded(now()),
    count: () => rows.count(now()),
    close: () => rows.close(),
  };
}
