import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Failure } from "../core/failure.ts";
import type { Log } from "../ports/log.ts";
import { isLocked, LockQueue } from "./lock-queue.ts";
import { preparePrivateDirectory } from "./private-directory.ts";
import { afterPrefix, neverEvicts, type SessionRow, type SessionRows } from "./rows.ts";
import { prepareFile, type WatchedFile, watchFile } from "./sqlite-file.ts";
import { checkSchema, prepareSchema } from "./sqlite-schema.ts";
import { codeOf, refusal, storeFailure } from "./store-failure.ts";

/** How long the start waits for a write of another process. It may block the thread: no request waits yet. */
const startMilliseconds = 2000;

/** How many expired rows are deleted at once: 2.5 ms for 500 rows of 8 KiB (measured), and others go on in between. */
const endedAtOnce = 500;

interface StoredRow {
  readonly key: string;
  readonly subject_key: string;
  readonly idp_session_key: string | null;
  readonly expires_at: number;
  readonly idle_seconds: number;
  readonly last_seen_at: number;
  readonly version?: number; //                    absent in a file of schema 1 opened read-only
  readonly summary: Uint8Array;
  readonly body: Uint8Array;
}

/** Every statement that is run on sessions, so that a test can check the query plan of each. */
export const sessionStatements = {
  insert: `INSERT INTO sessions (key, subject_key, idp_session_key, expires_at, idle_seconds, last_seen_at, summary, body, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  find: "SELECT * FROM sessions WHERE key = ?",
  touch: "UPDATE sessions SET last_seen_at = ?1 WHERE key = ?2 AND ends_at > ?3 AND last_seen_at < ?1",
  replace: `UPDATE sessions SET subject_key = ?1, idp_session_key = ?2, version = ?3, summary = ?4, body = ?5, leased_until = 0
    WHERE key = ?6 AND version = ?3 - 1 AND ends_at > ?7`,
  lease: "UPDATE sessions SET leased_until = ?1 WHERE key = ?2 AND ends_at > ?3 AND leased_until <= ?3",
  trim: `DELETE FROM sessions WHERE key IN
    (SELECT key FROM sessions WHERE subject_key = ?1 ORDER BY last_seen_at DESC LIMIT -1 OFFSET ?2)`,
  remove: "DELETE FROM sessions WHERE key = ?",
  removeByPrefix: "DELETE FROM sessions WHERE key >= ?1 AND key < ?2",
  removeBySubject: "DELETE FROM sessions WHERE subject_key IN (SELECT value FROM json_each(?))",
  removeByIdpSession: "DELETE FROM sessions WHERE idp_session_key IN (SELECT value FROM json_each(?))",
  removeEnded: "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE ends_at <= ?1 LIMIT ?2)",
  count: "SELECT count(*) AS n FROM sessions WHERE ends_at > ?",
  page: "SELECT * FROM sessions WHERE key > ? ORDER BY key LIMIT ?",
} as const;

/**
 * Session rows in a SQLite file, shared by every process that opens it. Creates the file when it does not exist (directory 0700, files
 * 0600 whatever the umask). Throws `Failure("store_unavailable")` naming the file when it cannot be used, and from each method once the file
 * is no longer at its path. No method blocks the thread while another process holds a lock: it waits for two seconds, then throws.
 */
export function sqliteRows(file: string, log: Pick<Log, "error" | "info"> | null = null): SessionRows {
  preparePrivateDirectory(dirname(file));
  return guarded(file, () => {
    prepareFile(file);
    const database = new Database(file, { readwrite: true, strict: true });
    return closingOnFailure(database, () => {
      database.run(`PRAGMA busy_timeout = ${startMilliseconds}`);
      // NORMAL: a power cut may lose the last moments' sessions, never the file (sqlite.org/pragma.html#pragma_synchronous)
      database.run("PRAGMA synchronous = NORMAL");
      prepareSchema(database, file);
      return rowsOf(database, file, watchFile(file, log));
    });
  });
}

/** The rows of an existing file, read-only; null when there is no file. Creates nothing. */
export function readOnlySqliteRows(file: string): SessionRows | null {
  return guarded(file, () => {
    if (!existsSync(file)) return null;
    const database = new Database(file, { readonly: true, strict: true });
    return closingOnFailure(database, () => {
      database.run(`PRAGMA busy_timeout = ${startMilliseconds}`);
      checkSchema(database, file);
      return rowsOf(database, file, { check() {}, stop() {} });
    });
  });
}

type SqlValue = string | number | null | Uint8Array;

function rowsOf(database: Database, file: string, watched: WatchedFile): SessionRows {
  let seenVersion = dataVersion(database);
  database.run("PRAGMA busy_timeout = 0"); //      from here on LockQueue waits
  const waiting = { subject: `session store "${file}"`, clock: () => performance.now() };
  const [writes, reads] = [new LockQueue(waiting), new LockQueue(waiting)];

  function change(sql: string, values: readonly SqlValue[]): number {
    watched.check();
    return database.query<unknown, SqlValue[]>(sql).run(...values).changes;
  }

  const write = (sql: string, ...values: SqlValue[]) =>
    guardedLater(file, () => writes.run(() => change(sql, values), sizeOf(values)));

  async function read<Row>(sql: string, ...values: SqlValue[]): Promise<readonly Row[]> {
    const action = () => {
      watched.check();
      return database.query<Row, SqlValue[]>(sql).all(...values);
    };
    return await guardedLater(file, () => reads.run(action));
  }

  /** Null: another process holds an exclusive lock. */
  function currentVersion(): number | null {
    try {
      return dataVersion(database);
    } catch (thrown) {
      if (isLocked(thrown)) return null;
      throw thrown;
    }
  }

  // read once per turn of the event loop (it costs 2 us): all requests of a turn arrived before any change that the read may miss
  let isReadThisTurn = false;
  return {
    async insert(row) {
      const { subject, idpSession } = row.subjectKeys;
      const times = [row.expiresAt, row.idleSeconds, row.lastSeenAt].map(Math.floor);
      await write(sessionStatements.insert, row.key, subject, idpSession, ...times, row.summary, row.body, row.version);
    },
    async find(key) {
      const [found] = await read<StoredRow>(sessionStatements.find, key);
      return found === undefined ? null : rowOf(found);
    },
    async touch(key, lastSeenAt, now) {
      // a request does not wait for a lock that only its touch needs; a later use of the session makes up for a touch that is lost
      const values = [Math.floor(lastSeenAt), key, now];
      guarded(file, () => writes.runOrPostpone(() => change(sessionStatements.touch, values), sizeOf(values)));
    },
    async replace(row, now) {
      const { subject, idpSession } = row.subjectKeys;
      const values = [subject, idpSession, row.version, row.summary, row.body, row.key, now];
      return (await write(sessionStatements.replace, ...values)) === 1;
    },
    lease: async (key, until, now) => (await write(sessionStatements.lease, Math.ceil(until), key, now)) === 1,
    async trim(subjectKey, most) {
      await write(sessionStatements.trim, subjectKey, most);
    },
    async remove(key) {
      await write(sessionStatements.remove, key);
    },
    removeByPrefix: (prefix) => write(sessionStatements.removeByPrefix, prefix, afterPrefix(prefix)),
    removeBySubject: (keys) => write(sessionStatements.removeBySubject, JSON.stringify(keys)),
    removeByIdpSession: (keys) => write(sessionStatements.removeByIdpSession, JSON.stringify(keys)),
    async removeEnded(now) {
      let removed = 0;
      for (;;) {
        const ended = await write(sessionStatements.removeEnded, now, endedAtOnce);
        removed += ended;
        if (ended < endedAtOnce) return removed;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async count(now) {
      const [found] = await read<{ n: number }>(sessionStatements.count, now);
      return found?.n ?? 0;
    },
    async page(after, limit) {
      const found = await read<StoredRow>(sessionStatements.page, after, limit);
      return { rows: found.map(rowOf), last: found.at(-1)?.key ?? null };
    },
    takeChanges: () =>
      guarded(file, () => {
        if (isReadThisTurn) return { kind: "none" };
        watched.check();
        const version = currentVersion();
        if (version === null) return { kind: "all" };
        isReadThisTurn = true;
        setImmediate(() => {
          isReadThisTurn = false;
        });
        if (version === seenVersion) return { kind: "none" };
        seenVersion = version;
        return { kind: "all" };
      }),
    // a row that another process deletes from the file changes data_version, and every cache reads its rows again
    announceAll: async () => {},
    evictionPolicy: async () => neverEvicts,
    async close() {
      watched.stop();
      writes.close();
      reads.close();
      database.close();
    },
  };
}

/** How many bytes the values of a statement keep while it waits. */
function sizeOf(values: readonly SqlValue[]): number {
  return values.reduce<number>(
    (sum, value) => sum + (typeof value === "string" || value instanceof Uint8Array ? value.length : 0),
    0,
  );
}

/** Changes with every commit of another connection, in this process or another, but not with our own (sqlite.org/pragma.html). */
function dataVersion(database: Database): number {
  return database.query<{ data_version: number }, []>("PRAGMA data_version").get()?.data_version ?? 0;
}

function rowOf(stored: StoredRow): SessionRow {
  return {
    key: stored.key,
    subjectKeys: { subject: stored.subject_key, idpSession: stored.idp_session_key },
    expiresAt: stored.expires_at,
    idleSeconds: stored.idle_seconds,
    lastSeenAt: stored.last_seen_at,
    version: stored.version ?? 1,
    summary: stored.summary,
    body: stored.body,
  };
}

function closingOnFailure<T>(database: Database, open: () => T): T {
  try {
    return open();
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    throw fileFailure(file, thrown);
  }
}

async function guardedLater<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    throw fileFailure(file, thrown);
  }
}

function fileFailure(file: string, thrown: unknown): Failure {
  if (codeOf(thrown) === "ELOOP")
    return refusal(`session store "${file}" is a symbolic link; use the path of the file it points to`);
  return storeFailure(`session store "${file}"`, thrown);
}
