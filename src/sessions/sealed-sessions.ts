import { isLive, type Session } from "../core/session.ts";
import type { SessionReader, SessionSight, SessionStore, SessionSummary } from "../ports/session-store.ts";
import type { Keys } from "../seal/keys.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import { idpSessionKeys, openSession, openSummary, rowKey, sealSession, subjectKeys } from "./record.ts";
import { endsAt, type SessionRow, type SessionRows } from "./rows.ts";
import { probeRows } from "./store-probe.ts";

/** What sealing and expiring sessions needs. `now` is in epoch seconds. */
export interface SealedSessionsDeps {
  readonly keys: Keys;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly mostOfPerson?: number; //               1000
}

/** The maximum number of sessions of one user: a program that logs in again and again cannot fill the store (DOS-01). */
const mostOfPerson = 1000;

/** How much of a row's key a list shows: enough to tell sessions apart, too little to guess the rest. */
const handleLength = 10;

/** How many rows are read at once for a list. */
const pageLength = 500;

/** Sessions stored in sealed rows, which the store cannot read (decision 34). The limits are checked here, by the sealed times. */
export function sealedSessions(rows: SessionRows, deps: SealedSessionsDeps): SessionStore & SessionReader {
  const { keys, now, randomBytes } = deps;

  async function look(id: string): Promise<SessionSight> {
    const row = await rows.find(rowKey(id));
    if (row === null) return { kind: "absent" };
    const session: Session | null = openSession(row, id, keys);
    if (session === null) return { kind: "unreadable" };
    return { kind: isLive(session, now()) ? "live" : "ended", session };
  }

  function summaryOf(row: SessionRow): SessionSummary | null {
    const summary = openSummary(row, keys);
    if (summary === null) return null;
    const { username, providerSlug, createdAt } = summary;
    const handle = row.key.slice(0, handleLength);
    return { handle, username, providerSlug, createdAt, lastSeenAt: row.lastSeenAt, endsAt: endsAt(row) };
  }

  /** Page by page: without a lock, and without reading the whole store into memory. */
  async function list({ username }: { readonly username: string | null }): Promise<readonly SessionSummary[]> {
    const found: SessionSummary[] = [];
    let after = "";
    for (;;) {
      const page = await rows.page(after, pageLength);
      const live = page.rows.flatMap((row) => (endsAt(row) > now() ? (summaryOf(row) ?? []) : []));
      found.push(...live.filter((summary) => username === null || summary.username === username));
      if (page.last === null) break;
      after = page.last;
    }
    return found.sort((left, right) => right.createdAt - left.createdAt);
  }

  return {
    look,
    list,
    async get(id) {
      const sight = await look(id);
      return sight.kind === "live" ? sight.session : null;
    },
    async create(session) {
      const row = sealSession(session, keys, randomBytes);
      await rows.insert(row);
      await rows.trim(row.subjectKeys.subject, deps.mostOfPerson ?? mostOfPerson);
    },
    touch: (id, lastSeenAt) => rows.touch(rowKey(id), lastSeenAt, now()),
    update: (session) => rows.replace(sealSession(session, keys, randomBytes), now()),
    lease: (id, seconds) => rows.lease(rowKey(id), now() + seconds, now()),
    delete: (id) => rows.remove(rowKey(id)),
    deleteBySubject: (issuer, subject) => rows.removeBySubject(subjectKeys(keys, issuer, subject)),
    deleteByIdpSession: (issuer, idpSession) => rows.removeByIdpSession(idpSessionKeys(keys, issuer, idpSession)),
    // a shorter prefix could match sessions that were not meant
    deleteByHandle: async (handle) => (handle.length === handleLength ? await rows.removeByPrefix(handle) : 0),
    deleteExpired: () => rows.removeEnded(now()),
    count: () => rows.count(now()),
    announceAll: () => rows.announceAll(),
    evictionPolicy: () => rows.evictionPolicy(),
    probe: () => probeRows(rows, randomBytes),
    close: () => rows.close(),
  };
}
