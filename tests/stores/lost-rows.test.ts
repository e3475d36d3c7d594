import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { stateSection } from "../../src/doctor/state.ts";
import { byName, checkedWorld, worldOf } from "../doctor/checks.ts";
import { serveConfig, serveProcess } from "../fakes/served.ts";
import { waitUntil } from "../fakes/waits.ts";
import { has, newSession, openInstance, untilKept } from "./opened.ts";
import { isServerHere, type ServerName, type StoreServer, startServer } from "./store-server.ts";

/** Removes every row of every store in the server, without an announcement, as an eviction does. */
async function loseRows(name: ServerName, url: string): Promise<void> {
  if (name === "redis") {
    const client = new Bun.RedisClient(url);
    await client.send("FLUSHALL", []);
    client.close();
  } else {
    const sql = new Bun.SQL(url, { max: 1 });
    await sql.unsafe("DELETE FROM akproxy_sessions");
    await sql.close();
  }
}

function lostRowsOn(name: ServerName): void {
  describe(`rows that a real ${name} has lost`, () => {
    let server: StoreServer;
    beforeAll(async () => {
      server = await startServer(name);
    });
    afterAll(() => server.stop());

    type Store = Awaited<ReturnType<typeof openInstance>>;
    const ends: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
      ["a sign-out of the user", (store) => store.deleteBySubject("https://idp.test/", "alice-sub")],
      ["the end of the session at the issuer", (store) => store.deleteByIdpSession("https://idp.test/", "sid-1")],
      ["an announcement to everybody", (store) => store.announceAll()],
    ];
    test.each(ends)(
      "decision 59, SES-07: %s ends a cached session in every instance within a second",
      async (_, end) => {
        const config = await server.newStore();
        const [here, there] = [await openInstance(config), await openInstance(config)];
        const session = newSession();
        await here.create(session);
        await Promise.all([untilKept(here, session), untilKept(there, session)]);
        await loseRows(name, config.url);

        await end(here);
        const milliseconds = await waitUntil(async () => !(await has(there, session)), 1000);

        expect(milliseconds).toBeLessThan(1000);
        expect(await has(here, session)).toBe(false);
        await here.close();
        await there.close();
      },
    );
  });
}

function evictionTests(): void {
  const { configOf, end } = checkedWorld();
  let server: StoreServer;
  let client: Bun.RedisClient;
  beforeAll(async () => {
    server = await startServer("redis", { settings: ["--maxmemory-policy", "allkeys-lru"] });
    client = new Bun.RedisClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
    await end();
  });
  const evictionOf = async (url: string) =>
    byName((await stateSection(await configOf({ top: `[sessions]\nstore = "${url}"` }), worldOf())).checks)[
      "store eviction"
    ];

  test("decision 59: serve warns at start when Redis may evict sessions", async () => {
    const served = serveProcess(serveConfig({ top: `[sessions]\nstore = "${server.url}"` }));

    const line = await served.event("the session store may drop sessions before they end");

    expect(line).toMatchObject({ level: "warn", policy: "allkeys-lru" });
    await served.end();
  });

  test("decision 59: doctor warns of every policy but noeviction, and says when it cannot know", async () => {
    const forbidden = ["on", ">sesame", "~*", "&*", "+@all", "-config", "-info"];
    await client.send("ACL", ["SETUSER", "blind", ...forbidden]);
    await client.send("ACL", ["SETUSER", "informed", ...forbidden, "+info"]);

    const evicting = await evictionOf(server.url);
    const informed = await evictionOf(`redis://informed:sesame@127.0.0.1:${server.port}`);
    const blind = await evictionOf(`redis://blind:sesame@127.0.0.1:${server.port}`);
    await client.send("CONFIG", ["SET", "maxmemory-policy", "noeviction"]);
    const keeping = await evictionOf(server.url);

    expect(evicting).toMatchObject({
      standing: "warn",
      text: "maxmemory-policy is allkeys-lru: Redis may drop sessions before they end",
      fix: "set maxmemory-policy noeviction, or give akproxy its own Redis",
    });
    expect(informed).toEqual(evicting as NonNullable<typeof evicting>); // as: the assertion above says that it is there
    expect(blind).toMatchObject({ standing: "unknown", text: "this user may run neither CONFIG GET nor INFO" });
    expect(keeping?.standing).toBe("ok");
  });
}

for (const name of ["redis", "postgres"] as const) if (isServerHere(name)) lostRowsOn(name);
if (isServerHere("redis")) describe("the eviction policy of a real redis", evictionTests);
