import type { Failure } from "../core/failure.ts";
import { DeadlinePassed, type KeptConnection, keepOpen, type OpenConnection, within } from "./keep-open.ts";
import { serverFailure } from "./store-failure.ts";

/** Where a PostgreSQL is. */
export interface PostgresAddress {
  readonly url: string; //                         postgres: with user, password and database, without parameters
  readonly place: string; //                       the same to show: without user and password
  readonly tlsMode: "disable" | "require" | "verify-ca" | "verify-full";
  readonly certificateAuthorities: string | null; // PEM; null: the system's
}

/** May the statement be sent again when the connection broke before its answer came? */
export type Repeatability = "repeatable" | "once";
export type SqlValue = string | number | null | Uint8Array;

/** A pool of connections. */
export interface PostgresConnection {
  /** The rows. Throws `Failure("store_unavailable")`, at once while the server is away. */
  query<Row>(text: string, values: readonly SqlValue[], repeatability: Repeatability): Promise<readonly Row[]>;
  /** Runs a statement even while the server is away: is it back, or still there? Throws when not. */
  probe(text: string, values: readonly SqlValue[]): Promise<void>;
  close(): Promise<void>;
}

/** The server gives up before we do: only one that says nothing costs all its connections. */
const statementMilliseconds = 1500;
const answerMilliseconds = 2000;
const connectSeconds = 2;
const poolSize = 10;

/** `lost` is called when the server is found to be away. Connects when first asked. */
export function connectPostgres(address: PostgresAddress, lost: () => void): PostgresConnection {
  let sql = pool(address);
  let away = false;
  let closed = false;

  async function answered<Row>(text: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    const asked = sql;
    try {
      return await within(answerMilliseconds, asked.unsafe<Row[]>(text, [...values]));
    } catch (thrown) {
      if (thrown instanceof DeadlinePassed && asked === sql) {
        noted(thrown); // at once: those whose connections are closed now must not try again
        sql = pool(address);
        void asked.close({ timeout: 0 });
      }
      throw thrown;
    }
  }

  /** Asks, and when the answer says that the server is away, remembers it. */
  async function judged<Row>(text: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    try {
      return await answered(text, values);
    } catch (thrown) {
      throw noted(thrown);
    }
  }

  function noted(thrown: unknown): Failure {
    if (isGone(thrown)) {
      away = true;
      lost();
    }
    return serverFailure(address, thrown);
  }

  return {
    async query<Row>(text: string, values: readonly SqlValue[], repeatability: Repeatability) {
      if (away || closed) throw serverFailure(address, new Error("no connection"));
      if (repeatability === "once") return await judged<Row>(text, values);
      try {
        return await answered<Row>(text, values);
      } catch (thrown) {
        // a pooled connection tells that its server has restarted by failing once
        if (closed || away || !isBroken(thrown)) throw noted(thrown);
        return await judged<Row>(text, values);
      }
    },
    async probe(text, values) {
      await judged(text, values);
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

/** A client of its own; the caller closes it. */
export function openSql(address: PostgresAddress, options: Bun.SQL.PostgresOrMySQLOptions): Bun.SQL {
  const { tlsMode, certificateAuthorities } = address;
  const url = new URL(address.url);
  // in the URL: beside a list of authorities the option has no place for it
  url.searchParams.set("sslmode", tlsMode);
  return new Bun.SQL({
    adapter: "postgres",
    url,
    // PGDATABASE in the environment would count more than the URL
    database: decodeURIComponent(url.pathname.slice(1)),
    connectionTimeout: connectSeconds,
    connection: naming,
    ...(certificateAuthorities === null ? {} : { tls: { ca: certificateAuthorities } }),
    ...options,
  });
}

/** Hears the channels, again and anew whenever the connection broke; `lost` is called when it does. Throws the first time. */
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
      for (const [channel, hear] of Object.entries(channels)) {
        await within(answerMilliseconds + connectSeconds * 1000, client.listen(channel, hear));
      }
      return { client, ended: ended.then(close), close };
    } catch (thrown) {
      close();
      throw thrown;
    }
  }
  return await keepOpen(open, lost);
}

/** Did the connection break under the statement? */
function isBroken(thrown: unknown): boolean {
  return (
    isGone(thrown) || (thrown instanceof Error && /terminating connection|the database system is/.test(thrown.message))
  );
}

/** Is the server not to be reached? What it says itself, a slow statement included, means that it is there. */
function isGone(thrown: unknown): boolean {
  if (thrown instanceof DeadlinePassed) return true;
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    /^ERR_POSTGRES_(?:CONNECTION|IDLE|LIFETIME)/.test(String(thrown.code))
  );
}
