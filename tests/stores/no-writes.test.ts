import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SessionsConfig } from "../../src/core/config.ts";
import { waitUntil } from "../fakes/waits.ts";
import { has, newSession, openInstance } from "./opened.ts";
import { isServerHere, type StoreServer, startServer } from "./store-server.ts";

/** The message of the probe's failure; null: the store takes sessions. */
async function fault(config: SessionsConfig): Promise<string | null> {
  try {
    const store = await openInstance(config);
    try {
      await store.probe();
      return null;
    } finally {
      await store.close();
    }
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "store_unavailable" });
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function redisTests(): void {
  let server: StoreServer;
  let admin: Bun.RedisClient;
  beforeAll(async () => {
    server = await startServer("redis");
    admin = new Bun.RedisClient(server.url);
  });
  afterAll(async () => {
    admin.close();
    await server.stop();
  });
  const set = (name: string, value: string) => admin.send("CONFIG", ["SET", name, value]);
  const keysNow = async () => (await admin.send("KEYS", ["*"])) as string[]; // as: KEYS returns texts

  test("decision 58: a probe leaves nothing in the store, and other instances see no session of it", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    await store.create(newSession());
    const before = (await keysNow()).sort();

    for (let n = 0; n < 20; n++) await store.probe();

    expect((await keysNow()).sort()).toEqual(before);
    expect(await store.count()).toBe(1);
    await store.close();
  });

  test("decision 58: a read-only replica takes no sessions, and takes them again as a master", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    const master = await startServer("redis");
    await admin.send("REPLICAOF", ["127.0.0.1", String(master.port)]);

    const failure = await store.probe().catch((thrown: unknown) => thrown);
    await admin.send("REPLICAOF", ["NO", "ONE"]);

    expect(String(failure)).toContain(`session store "${config.place}": READONLY`);
    expect(String(failure)).toContain("; this server is a read-only replica; use the address of the master");
    await store.probe();
    await store.close();
    await master.stop();
  });

  test("decision 58: a server that is full, with noeviction, takes no sessions, and takes them again when there is room", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    await set("maxmemory", "1");

    const full = await fault(config);
    await set("maxmemory", "0");

    expect(full).toContain("; the server's memory is full; raise maxmemory");
    expect(full).not.toContain("user_script");
    await store.probe();
    await store.close();
  });

  test("decision 58: a server that lacks the replicas it needs for a write takes no sessions", async () => {
    const config = await server.newStore();
    await set("min-replicas-to-write", "1");

    const missing = await fault(config);
    await set("min-replicas-to-write", "0");

    expect(missing).toContain("NOREPLICAS");
    expect(missing).toContain("; min-replicas-to-write is not met");
    expect(await fault(config)).toBeNull();
  });

  const everything = ["on", ">sesame", "~akproxy:*", "&akproxy:*", "+@all"];
  const users: readonly (readonly [string, readonly string[]])[] = [
    ["keys under another prefix", ["on", ">sesame", "~other:*", "&akproxy:*", "+@all"]],
    ["channels under another prefix", ["on", ">sesame", "~akproxy:*", "&other:*", "+@all"]],
    ["no PUBLISH", [...everything, "-publish"]],
    ["no SUBSCRIBE", [...everything, "-subscribe"]],
    ["no EVAL and EVALSHA", [...everything, "-eval", "-evalsha"]],
    ["no writes", ["on", ">sesame", "~akproxy:*", "&akproxy:*", "+@read", "+@scripting", "+@pubsub", "+@connection"]],
    ["no sorted sets", [...everything, "-@sortedset"]],
    ["no sets", [...everything, "-@set"]],
    ["no DEL", [...everything, "-del"]],
  ];
  test.each(users)(
    "decision 58: a user with %s takes no sessions, and the message names the ACL",
    async (name, rules) => {
      const user = `u${Bun.hash(name)}`;
      await admin.send("ACL", ["SETUSER", user, ...rules]);
      const [url, place] = [`redis://${user}:sesame@127.0.0.1:${server.port}`, `redis://127.0.0.1:${server.port}`];

      const failure = await fault({ kind: "redis", url, place, keyPrefix: "akproxy:", certificateAuthorities: null });

      expect(failure).toContain("; the ACL of this user does not permit it; docs/stores.md lists");
      expect(failure).not.toContain("sesame");
    },
  );

  test("decision 58: a user with akproxy's own keys and channels alone is enough", async () => {
    await admin.send("ACL", ["SETUSER", "enough", ...everything, "-@admin", "-@dangerous"]);
    const [url, place] = [`redis://enough:sesame@127.0.0.1:${server.port}`, `redis://127.0.0.1:${server.port}`];

    expect(await fault({ kind: "redis", url, place, keyPrefix: "akproxy:", certificateAuthorities: null })).toBeNull();
  });

  test("decision 58: a node of a cluster that does not own the keys takes no sessions", async () => {
    const node = await startServer("redis", { settings: ["--cluster-enabled", "yes"] });
    const config = await node.newStore();

    const failure = await fault(config);

    expect(failure).toContain("; this server is a node of a Redis Cluster");
    await node.stop();
  });
}

function postgresTests(): void {
  test("decision 58: a read-only PostgreSQL takes no sessions and still answers reads, and takes them again", async () => {
    const server = await startServer("postgres");
    const config = await server.newStore();
    const store = await openInstance(config);
    const session = newSession();
    await store.create(session);
    const admin = new Bun.SQL(server.url, { max: 1 });
    const readOnly = async (value: "on" | "off") => {
      await admin.unsafe(`ALTER SYSTEM SET default_transaction_read_only = ${value}`).simple();
      await admin.unsafe("SELECT pg_reload_conf()");
    };
    const takes = async () =>
      await store.probe().then(
        () => true,
        () => false,
      );

    await readOnly("on");
    await waitUntil(async () => !(await takes()));
    const failure = await store.probe().catch((thrown: unknown) => thrown);
    const read = await has(store, session);
    await admin.unsafe("SET default_transaction_read_only = off");
    await readOnly("off");
    await waitUntil(takes);

    expect(String(failure)).toContain(`session store "${config.place}": cannot execute`);
    expect(read).toBe(true);
    expect(await store.count()).toBe(1);
    await admin.close();
    await store.close();
    await server.stop();
  });
}

if (isServerHere("redis")) describe("a real redis that takes no writes", redisTests);
if (isServerHere("postgres")) describe("a real postgres that takes no writes", postgresTests);
