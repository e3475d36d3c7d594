import type { Database } from "bun:sqlite";
import { Failure } from "../core/failure.ts";
import { codeOf } from "./store-failure.ts";

/** Marks the file as akproxy's ("akpx"): a database of another program is never written to. */
const applicationId = 0x616b7078;
const schemaVersion = 2;

/** How long a starting process waits for another one that creates the file. */
const retryMilliseconds = 5000;

// ends_at is a column so that the limits are computed in one place and the sweep uses an index
const schema = `
  CREATE TABLE sessions (
    key TEXT NOT NULL PRIMARY KEY,
    subject_key TEXT NOT NULL,
    idp_session_key TEXT,
    expires_at INTEGER NOT NULL,
    idle_seconds INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL GENERATED ALWAYS AS
      (CASE idle_seconds WHEN 0 THEN expires_at ELSE min(expires_at, last_seen_at + idle_seconds) END) STORED,
    summary BLOB NOT NULL,
    body BLOB NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    leased_until INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX sessions_by_subject ON sessions (subject_key);
  CREATE INDEX sessions_by_idp_session ON sessions (idp_session_key) WHERE idp_session_key IS NOT NULL;
  CREATE INDEX sessions_by_end ON sessions (ends_at);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/** From schema 1 to 2; existing sessions stay. */
const schema1To2 = `
  ALTER TABLE sessions ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE sessions ADD COLUMN leased_until INTEGER NOT NULL DEFAULT 0;
  PRAGMA user_version = 2;
`;

/**
 * Creates the schema in an empty database and migrates an older one, once even when several processes start together. Does not write to
 * a file of another program or of a newer akproxy.
 */
export function prepareSchema(database: Database, file: string): void {
  // before any write; setting the journal mode is one
  if (!isEmpty(database)) checkSchema(database, file);
  toWal(database);
  // a write would wait for the lock of another process, and a file that is up to date needs none
  if (!isEmpty(database) && pragma(database, "user_version") === schemaVersion) return;
  const makeOnce = database.transaction(() => {
    if (isEmpty(database)) database.run(schema);
    else if (pragma(database, "user_version") === 1) database.run(schema1To2);
  });
  makeOnce.immediate();
}

/**
 * Retries while another process that starts on the same new file does this too. SQLite returns SQLITE_BUSY at once, whatever busy_timeout
 * is, because it does not wait while it turns a read lock into a write lock (sqlite.org/c3ref/busy_handler.html).
 */
function toWal(database: Database): void {
  const latest = Date.now() + retryMilliseconds;
  for (;;) {
    try {
      database.run("PRAGMA journal_mode = WAL");
      return;
    } catch (thrown) {
      if (codeOf(thrown) !== "SQLITE_BUSY" || Date.now() > latest) throw thrown;
      Bun.sleepSync(5);
    }
  }
}

/** Throws `Failure("store_unavailable")` when this version of akproxy cannot use the database. */
export function checkSchema(database: Database, file: string): void {
  if (pragma(database, "application_id") !== applicationId) {
    throw new Failure("store_unavailable", `session store "${file}" is a database of another program`);
  }
  const found = pragma(database, "user_version");
  if (found !== schemaVersion && found !== 1) {
    const message = `session store "${file}" has schema ${found}, and this akproxy supports ${schemaVersion}; move the file away, or use the akproxy version that created it`;
    throw new Failure("store_unavailable", message);
  }
}

function isEmpty(database: Database): boolean {
  return numberOf(database, "SELECT count(*) AS n FROM sqlite_schema") === 0;
}

function pragma(database: Database, name: "application_id" | "user_version"): number {
  return numberOf(database, `SELECT ${name} AS n FROM pragma_${name}`);
}

function numberOf(database: Database, sql: string): number {
  // released at once: a statement that waits for garbage collection keeps the files open after close()
  using statement = database.prepare<{ n: number }, []>(sql);
  return statement.get()?.n ?? 0;
}
