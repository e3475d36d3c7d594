import { Failure } from "../core/failure.ts";
import { openSql, type PostgresAddress } from "./postgres-connection.ts";
import { serverFailure } from "./store-failure.ts";

const schemaVersion = 1;

/** The bytes of "akproxy", as an advisory lock: one process at a time creates or changes the schema. */
const lock = "0x616b70726f7879";

// keys sort by bytes whatever the collation of the database: pages of a list depend on it
const schema = `
  CREATE TABLE akproxy_sessions (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    subject_key text COLLATE "C" NOT NULL,
    idp_session_key text COLLATE "C",
    expires_at bigint NOT NULL,
    idle_seconds bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    ends_at bigint NOT NULL GENERATED ALWAYS AS
      (CASE idle_seconds WHEN 0 THEN expires_at ELSE least(expires_at, last_seen_at + idle_seconds) END) STORED,
    version integer NOT NULL,
    leased_until bigint NOT NULL DEFAULT 0,
    summary bytea NOT NULL,
    body bytea NOT NULL
  );
  CREATE INDEX akproxy_sessions_by_subject ON akproxy_sessions (subject_key);
  CREATE INDEX akproxy_sessions_by_idp_session ON akproxy_sessions (idp_session_key) WHERE idp_session_key IS NOT NULL;
  CREATE INDEX akproxy_sessions_by_end ON akproxy_sessions (ends_at);
  CREATE TABLE akproxy_schema (version integer NOT NULL);
  INSERT INTO akproxy_schema VALUES (${schemaVersion});
`;

/**
 * Creates the tables if they do not exist, once even when several processes start together. Where they exist, a user without the right to
 * create tables is enough. Throws `Failure("store_unavailable")`, also for tables of a newer akproxy.
 */
export async function preparePostgresSchema(address: PostgresAddress): Promise<void> {
  const sql = openSql(address, { max: 1 });
  try {
    if ((await foundVersion(sql)) === null) {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`SELECT pg_advisory_xact_lock(${BigInt(lock)})`);
        if ((await foundVersion(transaction)) === null) await transaction.unsafe(schema);
      });
    }
    const found = await foundVersion(sql);
    if (found === schemaVersion) return;
    const message = `has schema ${found}, and this akproxy supports ${schemaVersion}; use the akproxy version that created it, or another database`;
    throw new Failure("store_unavailable", `session store "${address.place}": ${message}`);
  } catch (thrown) {
    throw serverFailure(address, thrown);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

async function foundVersion(sql: Bun.SQL): Promise<number | null> {
  // not to_regclass: measured, it does not find a table that another process created while this one waited for the lock
  const [table] = await sql.unsafe<unknown[]>(
    "SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'akproxy_schema' AND pg_catalog.pg_table_is_visible(oid)",
  );
  if (table === undefined) return null;
  const [row] = await sql.unsafe<{ version: number }[]>("SELECT version FROM akproxy_schema");
  return row?.version ?? null;
}
