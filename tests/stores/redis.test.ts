import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionsConfig } from "../../src/core/config.ts";
import { storeExitCode } from "../../src/sessions/store-failure.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { freePort } from "../fakes/free-port.ts";
import { has, newSession, openInstance, untilKept } from "./opened.ts";
import { isServerHere, type StoreServer, startServer } from "./store-server.ts";

function redisAt(url: string, certificateAuthorities: string | null = null): SessionsConfig {
  const { protocol, host } = new URL(url);
  return { kind: "redis", url, place: `${protocol}//${host}`, keyPrefix: "akproxy:", certificateAuthorities };
}

function prefixOf(config: SessionsConfig): string {
  return config.kind === "redis" ? config.keyPrefix : "";
}

async function refusal(config: SessionsConfig) {
  const thrown = await openInstance(config).catch((error: unknown) => error);
  return { message: thrown instanceof Error ? thrown.message : "", code: storeExitCode(thrown) };
}

function redisTests(): void {
  let server: StoreServer;
  let client: Bun.RedisClient;
  beforeAll(async () => {
    server = await startServer("redis");
    client = new Bun.RedisClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });
  const keysNow = async () => (await client.send("KEYS", ["*"])) as string[]; // as: KEYS returns texts

  test("every key begins with the prefix, so that two outposts can share a server, and each ends only its own sessions", async () => {
    const [one, two] = [await server.newStore(), await server.newStore()];
    const [ours, theirs] = [await openInstance(one), await openInstance(two)];
    const session = newSession();
    await ours.create(session);
    await theirs.create(session);

    expect(await theirs.deleteBySubject("https://idp.test/", "alice-sub")).toBe(1);

    expect(await ours.get(session.id)).toEqual(session);
    expect(await theirs.get(session.id)).toBeNull();
    expect((await keysNow()).filter((key) => !key.startsWith("store"))).toEqual([]);
    await ours.close();
    await theirs.close();
  });

  test("SES-03, SES-04: Redis contains no id, token, name or subject", async () => {
    const store = await openInstance(await server.newStore());
    const session = newSession({ rawToken: "canary-token", subject: "canary-sub", idpSession: "canary-sid" });
    await store.create({ ...session, refresh: { token: "canary-refresh", dueAt: 1 } });

    let everything = "";
    for (const key of await keysNow()) {
      const type = await client.send("TYPE", [key]);
      const read = { hash: "HGETALL", set: "SMEMBERS", zset: "ZRANGE" }[String(type)] ?? "GET";
      const range = read === "ZRANGE" ? ["0", "-1"] : [];
      everything += key + JSON.stringify(await client.send(read, [key, ...range]));
    }
    const decoded = everything + Buffer.from(everything.replace(/[^\w+/=-]/g, ""), "base64").toString("latin1");

    expect(everything).toContain("subject");
    for (const secret of [session.id, "canary", "alice", "idp.test"]) expect(decoded).not.toContain(secret);
    await store.close();
  });

  test("the keys of a session expire an hour after its end, even without a sweep", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    await store.create(newSession({ idleSeconds: 60 }));

    const mine = (await keysNow()).filter((key) => key.startsWith(prefixOf(config)));
    const lives = Object.fromEntries(
      await Promise.all(mine.map(async (key) => [key.split(":")[1], await client.ttl(key)] as const)),
    );

    expect(lives["s"]).toBeWithin(3650, 3661);
    expect(lives["u"]).toBeWithin(7190, 7201);
    expect(lives["i"]).toBeWithin(7190, 7201);
    await store.close();
  });

  test("a session whose index was evicted is lost, so that a sign-out misses none", async () => {
    const config = await server.newStore();
    const store = await openInstance(config);
    const session = newSession();
    await store.create(session);
    const index = (await keysNow()).filter((key) => key.startsWith(prefixOf(config)) && key.includes(":u:"));

    await client.del(...index);

    expect(index.length).toBe(1);
    expect(await store.update({ ...session, version: 2 })).toBe(false);
    expect(await store.lease(session.id, 10)).toBe(false);
    expect(await has(store, session)).toBe(false);
    await store.close();
  });

  test("expired sessions leave nothing behind after a sweep", async () => {
    const clock = { now: 1000 };
    const config = await server.newStore();
    const store = await openInstance(config, () => clock.now);
    for (let n = 0; n < 1500; n++) {
      const times = { createdAt: 1000, lastSeenAt: 1000, expiresAt: 1100 };
      await store.create({ ...newSession({ subject: `s${n}`, idpSession: `i${n}` }), ...times });
    }
    clock.now = 1100;

    expect(await store.deleteExpired()).toBe(1500);

    expect((await keysNow()).filter((key) => key.startsWith(prefixOf(config)))).toEqual([]);
    await store.close();
  });

  test("a request with a cached session sends no command to the store", async () => {
    const store = await openInstance(await server.newStore());
    const session = newSession();
    await store.create(session);
    await untilKept(store, session);
    const asked = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await client.send("INFO", ["commandstats"])))?.[1]);
    await store.get(session.id);
    const before = await asked();

    for (let n = 0; n < 5000; n++) await store.get(session.id);

    expect((await asked()) - before).toBe(0);
    await store.close();
  });
}

/** Servers with a password and a certificate. */
function guardedTests(): void {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-redis-tls-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("decision 21: an unreachable server is an error at start that names host and port, without the password, with 74", async () => {
    const port = freePort();

    const { message, code } = await refusal(redisAt(`redis://user:canary@127.0.0.1:${port}/0`));

    expect(message).toBe(
      `session store "redis://127.0.0.1:${port}": no server listens there; check that it is running, and its host and port`,
    );
    expect(code).toBe(74);
  });

  test("user and password work on a server that requires them; a wrong one is an error that shows neither", async () => {
    const server = await startServer("redis", { settings: ["--requirepass", "sesame"] });

    const store = await openInstance(redisAt(`redis://:sesame@127.0.0.1:${server.port}/2`));
    const session = newSession();
    await store.create(session);
    const wrong = await refusal(redisAt(`redis://:canary@127.0.0.1:${server.port}/2`));
    const none = await refusal(redisAt(`redis://127.0.0.1:${server.port}`));

    expect(await store.get(session.id)).toEqual(session);
    expect(wrong.message).toStartWith(
      `session store "redis://127.0.0.1:${server.port}": the server closed the connection; check user and password`,
    );
    expect([wrong.code, none.code]).toEqual([74, 74]);
    expect(wrong.message).not.toContain("canary");
    await store.close();
    await server.stop();
  });

  test("rediss:// connects only to a server whose certificate can be verified", async () => {
    const { certificatePem, keyPem } = makeSelfSigned({ names: ["localhost"], days: 2, now: Date.now() / 1000 });
    writeFileSync(join(folder, "cert.pem"), certificatePem);
    writeFileSync(join(folder, "key.pem"), keyPem);
    const files = ["--tls-cert-file", join(folder, "cert.pem"), "--tls-key-file", join(folder, "key.pem")];
    const tlsPort = freePort();
    const settings = [
      "--tls-port",
      String(tlsPort),
      "--tls-auth-clients",
      "no",
      "--tls-ca-cert-file",
      join(folder, "cert.pem"),
    ];
    const server = await startServer("redis", { settings: [...settings, ...files] });

    const store = await openInstance(redisAt(`rediss://localhost:${tlsPort}`, certificatePem));
    const session = newSession();
    await store.create(session);
    const unknown = await refusal(redisAt(`rediss://localhost:${tlsPort}`));
    const otherName = await refusal(redisAt(`rediss://127.0.0.1:${tlsPort}`, certificatePem));

    expect(await store.get(session.id)).toEqual(session);
    expect(unknown.message).toContain("check that a trusted authority signed its certificate (?ca_file=FILE)");
    expect(otherName.message).toContain("the server closed the connection");
    await store.close();
    await server.stop();
  });
}

if (isServerHere("redis")) {
  describe("a real redis", redisTests);
  describe("a guarded redis", guardedTests);
}
