import { Database } from "bun:sqlite";
import { closeSync, constants, existsSync, fchmodSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../core/failure.ts";
import { preparePrivateDirectory } from "./private-directory.ts";
import { afterPrefix, neverEvicts, type SessionRow, type SessionRows } from "./rows.ts";
import { checkSchema, prepareSchema } from "./sqlite-schema.ts";
import { codeOf, refusal, storeFailure } from "./store-failure.ts";

/** How long a statement waits for a write of another process. Short: bun:sqlite blocks the only thread meanwhile. */
const busyMilliseconds = 2000;

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
  removeEnded: "DELETE FROM sessions WHERE ends_at <= ?",
  count: "SELECT count(*) AS n FROM sessions WHERE ends_at > ?",
  page: "SELECT * FROM sessions WHERE key > ? ORDER BY key LIMIT ?",
} as const;

/**
 * Session rows in a SQLite file, shared by every process that opens it. Creates the file when it does not exist (directory 0700, files
 * 0600 whatever the umask). Throws `Failure("store_unavailable")` naming the file when it cannot be used.
 */
export function sqliteRows(file: string): SessionRows {
  preparePrivateDirectory(dirname(file));
  return guarded(file, () => {
    prepareFile(file);
    const database = new Database(file, { readwrite: true, strict: true });
    return closingOnFailure(database, () => {
      database.run(`PRAGMA busy_timeout = ${busyMilliseconds}`);
      // NORMAL: a power cut may lose the last moments' sessions, never the file (sqlite.org/pragma.html#pragma_synchronous)
      database.run("PRAGMA synchronous = NORMAL");
      prepareSchema(database, file);
      return rowsOf(database, file);
    });
  });
}

/** The rows of an existing file, read-only; null when there is no file. Creates nothing. */
export function readOnlySqliteRows(file: string): SessionRows | null {
  return guarded(file, () => {
    if (!existsSync(file)) return null;
    const database = new Database(file, { readonly: true, strict: true });
    return closingOnFailure(database, () => {
      database.run(`PRAGMA busy_timeout = ${busyMilliseconds}`);
      checkSchema(database, file);
      return rowsOf(database, file);
    });
  });
}

function rowsOf(database: Database, file: string): SessionRows {
  const run = (sql: string, ...values: (string | number | null | Uint8Array)[]) =>
    guarded(file, () => database.query(sql).run(...values).changes);
  let seenVersion = dataVersion(database);
  // read once per turn of the event loop (it costs 2 us): all requests of a turn arrived before any change that the read may miss
  let isReadThisTurn = false;
  return {
    async insert(row) {
      const { subject, idpSession } = row.subjectKeys;
      const times = [row.expiresAt, row.idleSeconds, row.lastSeenAt].map(Math.floor);
      run(sessionStatements.insert, row.key, subject, idpSession, ...times, row.summary, row.body, row.version);
    },
    find: async (key) =>
      guarded(file, () => {
        const found = database.query<StoredRow, [string]>(sessionStatements.find).get(key);
        return found === null ? null : rowOf(found);
      }),
    async touch(key, lastSeenAt, now) {
      run(sessionStatements.touch, Math.floor(lastSeenAt), key, now);
    },
    async replace(row, now) {
      const { subject, idpSession } = row.subjectKeys;
      const values = [subject, idpSession, row.version, row.summary, row.body, row.key, now];
      return run(sessionStatements.replace, ...values) === 1;
    },
    lease: async (key, until, now) => run(sessionStatements.lease, Math.ceil(until), key, now) === 1,
    async trim(subjectKey, most) {
      run(sessionStatements.trim, subjectKey, most);
    },
    async remove(key) {
      run(sessionStatements.remove, key);
    },
    removeByPrefix: async (prefix) => run(sessionStatements.removeByPrefix, prefix, afterPrefix(prefix)),
    removeBySubject: async (keys) => run(sessionStatements.removeBySubject, JSON.stringify(keys)),
    removeByIdpSession: async (keys) => run(sessionStatements.removeByIdpSession, JSON.stringify(keys)),
    removeEnded: async (now) => run(sessionStatements.removeEnded, now),
    count: async (now) =>
      guarded(file, () => database.query<{ n: number }, [number]>(sessionStatements.count).get(now)?.n ?? 0),
    page: async (after, limit) =>
      guarded(file, () => {
        const found = database.query<StoredRow, [string, number]>(sessionStatements.page).all(after, limit);
        return { rows: found.map(rowOf), last: found.at(-1)?.key ?? null };
      }),
    takeChanges: () =>
      guarded(file, () => {
        if (isReadThisTurn) return { kind: "none" };
        const version = dataVersion(database);
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
      database.close();
    },
  };
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

/** SQLite would create the file with the umask; -wal and -shm get the mode of the file (sqlite: findCreateFileMode). */
function prepareFile(file: string): void {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Failure("store_unavailable", `session store "${file}" is not a file`);
    if ((found.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  } finally {
    closeSync(fd);
  }
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
    if (codeOf(thrown) === "ELOOP")
      throw refusal(`session store "${file}" is a symbolic link; use the path of the file it points to`);
    throw storeFailure(`session store "${file}"`, thrown);
  }
}
