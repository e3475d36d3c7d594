import type { RandomBytes } from "../seal/random-token.ts";
import { changeFeed } from "./change-feed.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import {
  connectPostgres,
  listenPostgres,
  type PostgresAddress,
  type PostgresConnection,
  type Repeatability,
  type SqlValue,
} from "./postgres-connection.ts";
import { preparePostgresSchema } from "./postgres-schema.ts";
import { afterPrefix, changeNames, neverEvicts, type SessionRow, type SessionRows } from "./rows.ts";
import { serverFailure } from "./store-failure.ts";

export interface PostgresOptions extends PostgresAddress {
  readonly randomBytes: RandomBytes;
}

interface StoredRow {
  readonly key: string;
  readonly subject_key: string;
  readonly idp_session_key: string | null;
  readonly expires_at: string; //                  bigint: as text
  readonly idle_seconds: string;
  readonly last_seen_at: string;
  readonly version: number;
  readonly summary: Uint8Array;
  readonly body: Uint8Array;
}

/** The channel on which each removed or replaced row is announced when the transaction commits. */
const changed = "akproxy_sessions";
/** The announcement that any row may have changed. */
const all = "*";
const announcing = `SELECT count(pg_notify('${changed}', key)) AS n FROM gone`;
const deleting = (where: string) =>
  `WITH gone AS (DELETE FROM akproxy_sessions WHERE ${where} RETURNING key) ${announcing}`;
const announcingAll = `SELECT count(pg_notify('${changed}', '${all}')) AS n`;
/** Announces the index keys too: a cache may still have a row that is in the table no more. */
const deletingIndexed = (column: string, nameStart: string) => `WITH gone AS
  (DELETE FROM akproxy_sessions WHERE ${column} = ANY(string_to_array($1, ' ')) RETURNING key)
  SELECT (SELECT count(pg_notify('${changed}', key)) FROM gone) AS n,
    (SELECT count(pg_notify('${changed}', '${nameStart}' || name)) FROM unnest(string_to_array($1, ' ')) AS name) AS told`;

/** Every statement that is run on sessions, so that a test can check the query plan of each. */
export const postgresStatements = {
  insert: `INSERT INTO akproxy_sessions
    (key, subject_key, idp_session_key, expires_at, idle_seconds, last_seen_at, version, summary, body)
    VALUES ($1, $2, $3, $4::bigint, $5::bigint, $6::bigint, $7::integer, $8, $9)`,
  find: "SELECT * FROM akproxy_sessions WHERE key = $1",
  touch: `UPDATE akproxy_sessions SET last_seen_at = $1::bigint
    WHERE key = $2 AND ends_at > $3::bigint AND last_seen_at < $1::bigint`,
  replace: `WITH gone AS (UPDATE akproxy_sessions
    SET subject_key = $1, idp_session_key = $2, version = $3::integer, summary = $4, body = $5, leased_until = 0
    WHERE key = $6 AND version = $3::integer - 1 AND ends_at > $7::bigint RETURNING key) ${announcing}`,
  lease: `WITH leased AS (UPDATE akproxy_sessions SET leased_until = $1::bigint
    WHERE key = $2 AND ends_at > $3::bigint AND leased_until <= $3::bigint RETURNING key) SELECT count(*) AS n FROM leased`,
  trim: deleting(`key IN (SELECT key FROM akproxy_sessions WHERE subject_key = $1
    ORDER BY last_seen_at DESC OFFSET $2::integer)`),
  remove: deleting("key = $1"),
  removeByPrefix: deleting("key >= $1 AND key < $2"),
  removeBySubject: deletingIndexed("subject_key", changeNames.subject("")),
  removeByIdpSession: deletingIndexed("idp_session_key", changeNames.idpSession("")),
  // no announcement: no cache returns a session past its limits
  removeEnded: `WITH ended AS (DELETE FROM akproxy_sessions WHERE key IN
    (SELECT key FROM akproxy_sessions WHERE ends_at <= $1::bigint LIMIT 1000) RETURNING key) SELECT count(*) AS n FROM ended`,
  count: "SELECT count(*) AS n FROM akproxy_sessions WHERE ends_at > $1::bigint",
  page: "SELECT * FROM akproxy_sessions WHERE key > $1 ORDER BY key LIMIT $2::integer",
} as const;

/**
 * Session rows in PostgreSQL, shared by every process that uses the same database. Creates the tables when they do not exist. Each process
 * receives the changes of the others with LISTEN. Throws `Failure("store_unavailable")` when the server cannot be reached or used.
 */
export async function postgresRows(options: PostgresOptions): Promise<SessionRows> {
  const clock = () => performance.now();
  const feed = changeFeed(clock);
  await preparePostgresSchema(options);
  const connection = connectPostgres(options, feed.lost);
  const beatChannel = `akproxy_beat_${Buffer.from(options.randomBytes(12)).toString("hex")}`;
  let heartbeat: Heartbeat | null = null;
  const receive = {
    [changed](name: string) {
      if (name === all) feed.changedAll();
      else feed.changed([name]);
    },
    [beatChannel](sentAt: string) {
      heartbeat?.received();
      feed.beat(Number(sentAt));
    },
  };
  const listener = await listenPostgres(options, receive, feed.lost).catch(async (thrown: unknown) => {
    await connection.close();
    throw serverFailure(options, thrown);
  });
  heartbeat = startHeartbeat(
    () => connection.probe("SELECT pg_notify($1, $2)", [beatChannel, String(clock())]),
    () => listener.renew(),
  );
  return {
    ...statements(connection),
    takeChanges: () => feed.take(),
    async close() {
      heartbeat.stop();
      listener.close();
      await connection.close();
    },
  };
}

function statements(connection: PostgresConnection): Omit<SessionRows, "takeChanges" | "close"> {
  const amount = async (text: string, values: readonly SqlValue[], repeatability: Repeatability = "repeatable") => {
    const whole = values.map((value) => (typeof value === "number" ? Math.floor(value) : value));
    const [row] = await connection.query<{ n: string }>(text, whole, repeatability);
    return Number(row?.n ?? 0);
  };
  const sql = postgresStatements;
  return {
    async insert(row) {
      const { subject, idpSession } = row.subjectKeys;
      const times = [row.expiresAt, row.idleSeconds, row.lastSeenAt];
      await amount(sql.insert, [row.key, subject, idpSession, ...times, row.version, row.summary, row.body], "once");
    },
    async find(key) {
      // a NUL is not possible in PostgreSQL's text; our keys contain none
      const [row] = await connection.query<StoredRow>(sql.find, [key], "repeatable");
      return row === undefined ? null : rowOf(row);
    },
    async touch(key, lastSeenAt, now) {
      await amount(sql.touch, [lastSeenAt, key, now]);
    },
    async replace(row, now) {
      const { subject, idpSession } = row.subjectKeys;
      return (
        (await amount(sql.replace, [subject, idpSession, row.version, row.summary, row.body, row.key, now], "once")) ===
        1
      );
    },
    lease: async (key, until, now) => (await amount(sql.lease, [until, key, now], "once")) === 1,
    async trim(subjectKey, most) {
      await amount(sql.trim, [subjectKey, most]);
    },
    async remove(key) {
      await amount(sql.remove, [key]);
    },
    removeByPrefix: (prefix) => amount(sql.removeByPrefix, [prefix, afterPrefix(prefix)]),
    removeBySubject: (keys) => amount(sql.removeBySubject, [keys.join(" ")]),
    removeByIdpSession: (keys) => amount(sql.removeByIdpSession, [keys.join(" ")]),
    async removeEnded(now) {
      let removed = 0;
      for (;;) {
        const ended = await amount(sql.removeEnded, [now]);
        removed += ended;
        if (ended === 0) return removed;
      }
    },
    async announceAll() {
      await amount(announcingAll, []);
    },
    evictionPolicy: async () => neverEvicts,
    count: (now) => amount(sql.count, [now]),
    async page(after, limit) {
      const found = await connection.query<StoredRow>(sql.page, [after, limit], "repeatable");
      return { rows: found.map(rowOf), last: found.at(-1)?.key ?? null };
    },
  };
}

function rowOf(stored: StoredRow): SessionRow {
  return {
    key: stored.key,
    subjectKeys: { subject: stored.subject_key, idpSession: stored.idp_session_key },
    expiresAt: Number(stored.expires_at),
    idleSeconds: Number(stored.idle_seconds),
    lastSeenAt: Number(stored.last_seen_at),
    version: stored.version,
    summary: stored.summary,
    body: stored.body,
  };
}
