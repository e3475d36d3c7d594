import { Failure } from "../../core/failure.ts";
import type { RandomBytes } from "../../seal/random-token.ts";
import { changeFeed } from "../change-feed.ts";
import { startHeartbeat } from "../heartbeat.ts";
import { afterPrefix, changeNames, type SessionRow, type SessionRows } from "../rows.ts";
import { connectRedis, keepRedis, type RedisAddress, type RedisConnection } from "./connection.ts";
import { type RedisScript, redisScript } from "./scripts.ts";

export interface RedisOptions extends RedisAddress {
  readonly keyPrefix: string; //                   the prefix of every key and channel of akproxy
  readonly randomBytes: RandomBytes;
}

/** How many expired rows one script removes: Redis runs nothing else meanwhile. */
const sweepLength = 1000;

/**
 * Session rows in Redis or Valkey, shared by every process that uses the same server, database and prefix. Each process receives the
 * changes of the others on a channel. Throws `Failure("store_unavailable")` when the server cannot be reached.
 */
export async function redisRows(options: RedisOptions): Promise<SessionRows> {
  const { keyPrefix, randomBytes } = options;
  const clock = () => performance.now();
  const feed = changeFeed(clock);
  const connection = await connectRedis(options, feed.lost);
  const beatChannel = `${keyPrefix}beat:${Buffer.from(randomBytes(12)).toString("base64url")}`;
  const subscriber = await keepRedis(options, subscribe, feed.lost).catch((thrown: unknown) => {
    connection.close();
    throw thrown;
  });
  const heartbeat = startHeartbeat(
    async () => void (await connection.send("PUBLISH", [beatChannel, String(clock())])),
    () => subscriber.renew(),
  );

  async function subscribe(client: Bun.RedisClient): Promise<void> {
    await client.subscribe(beatChannel, (sentAt) => {
      heartbeat?.received();
      feed.beat(Number(sentAt));
    });
    await client.subscribe(`${keyPrefix}changed`, (names) => {
      if (names === "*") feed.changedAll();
      else feed.changed(names.split(" "));
    });
  }

  return {
    ...scripted(connection, keyPrefix),
    takeChanges: () => feed.take(),
    async close() {
      heartbeat.stop();
      subscriber.close();
      connection.close();
    },
  };
}

function scripted(connection: RedisConnection, prefix: string): Omit<SessionRows, "takeChanges" | "close"> {
  const run = scriptRunner(connection, prefix);
  const amount = async (name: RedisScript, ...args: readonly (string | number)[]) => Number(await run(name, args));
  return {
    async insert(row) {
      const { subject, idpSession } = row.subjectKeys;
      const times = [row.expiresAt, row.idleSeconds, row.lastSeenAt];
      // a new session counts as seen when it is created
      const args = [row.key, subject, idpSession ?? "", ...times, row.version, ...blobs(row), row.lastSeenAt];
      if ((await amount("insert", ...args)) === 0)
        throw new Failure("store_unavailable", "session store: redis: the session already exists");
    },
    async find(key) {
      const found = await run("find", [key]);
      return found === null ? null : rowOf(found);
    },
    async touch(key, lastSeenAt, now) {
      await run("touch", [key, lastSeenAt, now]);
    },
    async replace(row, now) {
      const { subject, idpSession } = row.subjectKeys;
      return (await amount("replace", row.key, subject, idpSession ?? "", row.version, ...blobs(row), now)) === 1;
    },
    lease: async (key, until, now) => (await amount("lease", key, until, now)) === 1,
    async trim(subjectKey, most) {
      await run("trim", [subjectKey, most]);
    },
    async remove(key) {
      await run("remove", [key]);
    },
    removeByPrefix: (start) => amount("removeByPrefix", start, afterPrefix(start)),
    removeBySubject: (keys) => amount("removeIndexed", ...keys.map(changeNames.subject)),
    removeByIdpSession: (keys) => amount("removeIndexed", ...keys.map(changeNames.idpSession)),
    async removeEnded(now) {
      let removed = 0;
      for (;;) {
        const [looked, dropped] = listOf(await run("removeEnded", [now, sweepLength])).map(Number);
        removed += dropped ?? 0;
        if ((looked ?? 0) < sweepLength) return removed;
      }
    },
    async announceAll() {
      await run("announceAll", []);
    },
    evictionPolicy: () => evictionPolicy(connection),
    count: (now) => amount("count", now),
    async page(after, limit) {
      const [last, rows] = listOf(await run("page", [after === "" ? "-" : `(${after}`, limit]));
      return { rows: listOf(rows).map(rowOf), last: typeof last === "string" ? last : null };
    },
  };
}

/** An ACL or a managed service may forbid either command, so both are tried. Null: the server does not tell. */
async function evictionPolicy(connection: RedisConnection): Promise<string | null> {
  const asked = await refusable(connection.send("CONFIG", ["GET", "maxmemory-policy"]));
  // RESP2 has a list of name and value, RESP3 a map
  const told = Array.isArray(asked) ? asked[1] : isRecord(asked) ? asked["maxmemory-policy"] : null;
  if (typeof told === "string") return told;
  const information = await refusable(connection.send("INFO", ["memory"]));
  return /^maxmemory_policy:(\S+)/m.exec(String(information))?.[1] ?? null;
}

async function refusable(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch {
    return null; //                                the policy is unknown; a server that is gone fails the probe
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Runs scripts by their digest, and by their text when the server does not have them cached (before the first use, or after its restart). */
function scriptRunner(connection: RedisConnection, prefix: string) {
  const digests = new Map<RedisScript, string>();
  return async (name: RedisScript, args: readonly (string | number)[]): Promise<unknown> => {
    const text = redisScript(name);
    const digest = digests.get(name) ?? new Bun.CryptoHasher("sha1").update(text).digest("hex");
    digests.set(name, digest);
    const values = [
      "0",
      prefix,
      ...args.map((value) => (typeof value === "number" ? String(Math.floor(value)) : value)),
    ];
    try {
      return await connection.send("EVALSHA", [digest, ...values]);
    } catch (thrown) {
      // the code of a Redis error is the first word of its message
      const isNotCached =
        thrown instanceof Failure && thrown.cause instanceof Error && /^NOSCRIPT/.test(thrown.cause.message);
      if (!isNotCached) throw thrown;
      return await connection.send("EVAL", [text, ...values]);
    }
  };
}

/** As text: Bun's Redis commands send and return text. */
function blobs(row: SessionRow): readonly [string, string] {
  return [Buffer.from(row.summary).toString("base64"), Buffer.from(row.body).toString("base64")];
}

function rowOf(value: unknown): SessionRow {
  const [key, subject, sid, expires, idle, seen, version, summary, body] = listOf(value).map(String);
  return {
    key: key ?? "",
    subjectKeys: { subject: subject ?? "", idpSession: sid === "" || sid === undefined ? null : sid },
    expiresAt: Number(expires),
    idleSeconds: Number(idle),
    lastSeenAt: Number(seen),
    version: Number(version),
    summary: Buffer.from(summary ?? "", "base64"),
    body: Buffer.from(body ?? "", "base64"),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
