import type { Failure } from "../core/failure.ts";
import { DeadlinePassed, type KeptConnection, keepOpen, type OpenConnection, within } from "./keep-open.ts";
import { codeOf, serverFailure } from "./store-failure.ts";

/** The address of a PostgreSQL server. */
export interface PostgresAddress {
  readonly url: string; //                         postgres: with user, password and database, without parameters
  readonly place: string; //                       the same for messages: without user and password
  readonly tlsMode: "disable" | "require" | "verify-ca" | "verify-full";
  readonly certificateAuthorities: string | null; // PEM; null: the system's
}

/** Whether the statement may be sent again when the connection breaks before its answer arrives. */
export type Repeatability = "repeatable" | "once";
export type SqlValue = string | number | null | Uint8Array;

/** A pool of connections. */
export interface PostgresConnection {
  /** The rows. Throws `Failure("store_unavailable")`; at once while the server is unavailable. */
  query<Row>(text: string, values: readonly SqlValue[], repeatability: Repeatability): Promise<readonly Row[]>;
  /** Runs a statement even while the server is unavailable, to find out whether it is back. Throws when it is not. */
  probe(text: string, values: readonly SqlValue[]): Promise<void>;
  close(): Promise<void>;
}

/** The server's own timeout is the shorter one: only a server that does not answer at all loses the whole pool. */
const statementMilliseconds = 1500;
const answerMilliseconds = 2000;
const connectSeconds = 2;
const poolSize = 10;

/** `lost` is called when the server turns out to be unavailable. Connects at the first query. */
export function connectPostgres(address: PostgresAddress, lost: () => void): PostgresConnection {
  let sql = pool(address);
  let away = false;
  let closed = false;

  async function run<Row>(text: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    const client = sql;
    try {
      return await within(answerMilliseconds, client.unsafe<Row[]>(text, [...values]));
    } catch (thrown) {
      if (thrown instanceof DeadlinePassed && client === sql) {
        markedFailure(thrown); // first: queries whose connections are closed next must not retry
        sql = pool(address);
        void client.close({ timeout: 0 });
      }
      throw thrown;
    }
  }

  /** Runs a statement, and marks the server as unavailable when the error says so. */
  async function runAndMark<Row>(text: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    try {
      return await run(text, values);
    } catch (thrown) {
      throw markedFailure(thrown);
    }
  }

  function markedFailure(thrown: unknown): Failure {
    if (isGone(thrown)) {
      away = true;
      lost();
    }
    return serverFailure(address, thrown);
  }

  return {
    async query<Row>(text: string, values: readonly SqlValue[], repeatability: Repeatability) {
      if (away || closed) throw serverFailure(address, new Error("no connection"));
      if (repeatability === "once") return await runAndMark<Row>(text, values);
      try {
        return await run<Row>(text, values);
      } catch (thrown) {
        // after a restart of the server each pooled connection fails once
        if (closed || away || !isBroken(thrown)) throw markedFailure(thrown);
        return await runAndMark<Row>(text, values);
      }
    },
    async probe(text, values) {
      await runAndMark(text, values);
      away = false;
    },
    async close() {
      closed = true;
      await sql.close({ timeout: 0 });
    },
  };
}

function pool(address: PostgresAddress): Bun.SQL {
  return openSql(address, { max: poolSize, connection: { ...naming, statement_timeout: statementMilliseconds } });
}

const naming = { application_name: "akproxy" };

/** A separate client; the caller closes it. */
export function openSql(address: PostgresAddress, options: Bun.SQL.PostgresOrMySQLOptions): Bun.SQL {
  const { tlsMode, certificateAuthorities } = address;
  const url = new URL(address.url);
  // in the URL: the `tls` option cannot hold the mode together with a list of authorities
  url.searchParams.set("sslmode", tlsMode);
  return new Bun.SQL({
    adapter: "postgres",
    url,
    // without it PGDATABASE in the environment takes precedence over the URL
    database: decodeURIComponent(url.pathname.slice(1)),
    connectionTimeout: connectSeconds,
    connection: naming,
    ...(certificateAuthorities === null ? {} : { tls: { ca: certificateAuthorities } }),
    ...options,
  });
}

/** Listens on the channels, and listens again after each reconnect; `lost` is called when the connection breaks. Throws when the first attempt fails. */
export async function listenPostgres(
  address: PostgresAddress,
  channels: Readonly<Record<string, (payload: string) => void>>,
  lost: () => void,
): Promise<KeptConnection<Bun.SQL>> {
  async function open(): Promise<OpenConnection<Bun.SQL>> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const client = openSql(address, { max: 1, onclose: () => resolve() });
    const close = () => {
      resolve();
      void client.close({ timeout: 0 });
    };
    try {
      for (const [channel, receive] of Object.entries(channels)) {
        await within(answerMilliseconds + connectSeconds * 1000, client.listen(channel, receive));
      }
      return { client, ended: ended.then(close), close };
    } catch (thrown) {
      close();
      throw thrown;
    }
  }
  return await keepOpen(open, lost);
}

/** SQLSTATE admin_shutdown, crash_shutdown and cannot_connect_now (PostgreSQL: errcodes-appendix). */
const shutdownStates: readonly unknown[] = ["57P01", "57P02", "57P03"];

/** Did the connection break during the statement? */
function isBroken(thrown: unknown): boolean {
  return isGone(thrown) || (thrown instanceof Error && "errno" in thrown && shutdownStates.includes(thrown.errno));
}

/** Is the server away? Any error that the server itself sends, a slow statement included, means that it is there. */
function isGone(thrown: unknown): boolean {
  if (thrown instanceof DeadlinePassed) return true;
  return /^ERR_POSTGRES_(?:CONNECTION|IDLE|LIFETIME)/.test(codeOf(thrown) ?? "");
}
