import { DeadlinePassed, type KeptConnection, keepOpen, type OpenConnection, within } from "./keep-open.ts";
import { serverFailure } from "./store-failure.ts";

/** Where a Redis or Valkey is. */
export interface RedisAddress {
  readonly url: string; //                         redis: or rediss:, with user, password and database
  readonly place: string; //                       the same to show: without user and password
  readonly certificateAuthorities: string | null; // PEM, for rediss:; null: the system's
}

/** How long a request may wait for Redis. Longer ago it was away: everybody is told so at once (decision 22). */
const answerMilliseconds = 1000;
const connectMilliseconds = 2000;

/** A connection for commands that is made anew when it breaks. */
export interface RedisConnection {
  /** Throws `Failure("store_unavailable")`, at once while there is no connection. */
  send(command: string, args: readonly string[]): Promise<unknown>;
  close(): void;
}

/** Throws `Failure("store_unavailable")` when the server can't be reached now. `lost` is called whenever the connection breaks. */
export async function connectRedis(address: RedisAddress, lost: () => void): Promise<RedisConnection> {
  const kept = await keepRedis(address, async (client) => void (await client.send("PING", [])), lost);
  return {
    async send(command, args) {
      const client = kept.current();
      if (client === null) throw serverFailure(address, new Error("no connection"));
      try {
        return await within(answerMilliseconds, client.send(command, [...args]));
      } catch (thrown) {
        // what was sent on it later would wait behind it
        if (thrown instanceof DeadlinePassed) kept.renew();
        throw serverFailure(address, thrown);
      }
    },
    close: () => kept.close(),
  };
}

/** A connection that is made anew, and prepared anew, whenever it breaks. Throws as connectRedis. */
export async function keepRedis(
  address: RedisAddress,
  prepare: (client: Bun.RedisClient) => Promise<void>,
  lost: () => void,
): Promise<KeptConnection<Bun.RedisClient>> {
  const start = performance.now();
  try {
    return await keepOpen(() => openRedis(address, prepare), lost);
  } catch (thrown) {
    const isSilent = performance.now() - start >= connectMilliseconds;
    throw serverFailure(address, isSilent ? silence(thrown) : await likelyCause(address, thrown));
  }
}

async function openRedis(
  address: RedisAddress,
  prepare: (client: Bun.RedisClient) => Promise<void>,
): Promise<OpenConnection<Bun.RedisClient>> {
  const { certificateAuthorities } = address;
  const client = new Bun.RedisClient(address.url, {
    autoReconnect: false,
    enableOfflineQueue: false,
    connectionTimeout: connectMilliseconds,
    ...(certificateAuthorities === null ? {} : { tls: { ca: certificateAuthorities } }),
  });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  client.onclose = () => resolve();
  try {
    await within(
      connectMilliseconds + 500,
      client.connect().then(() => prepare(client)),
    );
    return { client, ended, close: () => client.close() };
  } catch (thrown) {
    client.close();
    throw thrown;
  }
}

function silence(thrown: unknown): Error {
  return new Error("no answer; is it there, and does a firewall let us through?", { cause: thrown });
}

/** Bun says "Connection closed" of a port where nobody listens, of a wrong password and of a certificate it does not trust. */
async function likelyCause({ url }: RedisAddress, thrown: unknown): Promise<unknown> {
  const { hostname, port, protocol } = new URL(url);
  try {
    const socket = await within(
      connectMilliseconds,
      Bun.connect({ hostname, port: Number(port) || 6379, socket: { data() {} } }),
    );
    socket.end();
  } catch {
    return new Error("nobody answers there; is the server running, and the name and port right?", { cause: thrown });
  }
  if (thrown instanceof Error && !/^Connection (?:closed|has failed)/.test(thrown.message)) return thrown;
  const suspects =
    protocol === "rediss:"
      ? "is its certificate signed by an authority we trust (?ca_file=FILE), and are user and password right?"
      : "are user and password right, and is it a server without TLS (rediss: is with)?";
  return new Error(`the server ended the connection; ${suspects}`, { cause: thrown });
}
