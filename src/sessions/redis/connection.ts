import { DeadlinePassed, type KeptConnection, keepOpen, type OpenConnection, within } from "../keep-open.ts";
import { codeOf, serverFailure } from "../store-failure.ts";
import { redisFault } from "./fault.ts";

/** The address of a Redis or Valkey server. */
export interface RedisAddress {
  readonly url: string; //                         redis: or rediss:, with user, password and database
  readonly place: string; //                       the same for messages: without user and password
  readonly certificateAuthorities: string | null; // PEM, for rediss:; null: the system's
}

/** The timeout of a command. After it the connection is renewed, and requests fail at once until it is back (decision 22). */
const answerMilliseconds = 1000;
const connectMilliseconds = 2000;

/** A connection for commands, with reconnecting. */
export interface RedisConnection {
  /** Throws `Failure("store_unavailable")`; at once while disconnected. */
  send(command: string, args: readonly string[]): Promise<unknown>;
  close(): void;
}

/** Throws `Failure("store_unavailable")` when the server cannot be reached now. `lost` is called whenever the connection breaks. */
export async function connectRedis(address: RedisAddress, lost: () => void): Promise<RedisConnection> {
  const kept = await keepRedis(address, async (client) => void (await client.send("PING", [])), lost);
  return {
    async send(command, args) {
      const client = kept.current();
      if (client === null) throw serverFailure(address, new Error("no connection"));
      try {
        return await within(answerMilliseconds, client.send(command, [...args]));
      } catch (thrown) {
        // commands sent later on this connection would wait for this one
        if (thrown instanceof DeadlinePassed) kept.renew();
        throw serverFailure(address, redisFault(thrown));
      }
    },
    close: () => kept.close(),
  };
}

/** A connection that is opened and prepared again whenever it breaks. Throws as connectRedis. */
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
  return new Error("no answer; check that the server is running and that no firewall is in the way", { cause: thrown });
}

/** Bun reports "Connection closed" for a port without a listener, for a wrong password and for an untrusted certificate. */
async function likelyCause({ url }: RedisAddress, thrown: unknown): Promise<unknown> {
  const { hostname, port, protocol } = new URL(url);
  try {
    const socket = await within(
      connectMilliseconds,
      Bun.connect({ hostname, port: Number(port) || 6379, socket: { data() {} } }),
    );
    socket.end();
  } catch {
    return new Error("no server listens there; check that it is running, and its host and port", { cause: thrown });
  }
  if (!/^ERR_REDIS_CONNECTION/.test(codeOf(thrown) ?? "")) return redisFault(thrown);
  const checks =
    protocol === "rediss:"
      ? "check that a trusted authority signed its certificate (?ca_file=FILE), and user and password"
      : "check user and password, and use rediss: if the server expects TLS";
  return new Error(`the server closed the connection; ${checks}`, { cause: thrown });
}
