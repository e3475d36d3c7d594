import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SessionStore } from "../../src/ports/session-store.ts";
import { proxyProvider } from "../fakes/samples.ts";
import { waitUntil } from "../fakes/waits.ts";
import { dueSession, fresh, outpost, raceSignOuts } from "../http/visitor/refresh-outpost.ts";
import { openInstance } from "./opened.ts";
import { isServerHere, type StoreServer, startServer } from "./store-server.ts";

const provider = proxyProvider();
const clock = () => 2000;

/** Refreshes of several akproxy over one real server. */
function refreshTests(kind: "redis" | "postgres"): void {
  let server: StoreServer;
  let stores: readonly SessionStore[];
  beforeAll(async () => {
    server = await startServer(kind);
    const config = await server.newStore();
    stores = await Promise.all([1, 2, 3].map(() => openInstance(config, clock)));
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await server.stop();
  });

  test("DOS-05: 500 requests at three instances with one due session cause one refresh, which reaches all instances", async () => {
    const session = dueSession("shared");
    await stores[0]?.create(session);
    const outposts = stores.map((store) => outpost(store, fresh));
    await Promise.all(stores.map((store) => store.get(session.id))); // each caches it

    for (let count = 0; count < 500; count += 1) {
      for (const { refreshes, deps } of outposts) refreshes.whenDue(deps, provider, session);
    }
    await Promise.all(outposts.map(({ refreshes }) => refreshes.settled()));
    // again, with the copy that each has cached, as a request that arrives in between
    for (const one of outposts) one.clock.now += 10;
    for (const { refreshes, deps } of outposts) refreshes.whenDue(deps, provider, session);
    await Promise.all(outposts.map(({ refreshes }) => refreshes.settled()));
    const groups = () => Promise.all(stores.map(async (store) => (await store.get(session.id))?.identity.groups));
    // a change of one process reaches the others within a second (decision 42)
    await waitUntil(async () => (await groups()).every((each) => each?.[0] === "fresh"), 1000);

    expect(outposts.flatMap(({ asked }) => asked)).toEqual(["first"]);
    expect(await groups()).toEqual([["fresh"], ["fresh"], ["fresh"]]);
  });

  test("SES-09: in 200 rounds of a refresh racing a sign-out at another instance no session survives", async () => {
    const [here, there] = stores;
    if (here === undefined || there === undefined) throw new Error("no instances");
    const { asked, alive } = await raceSignOuts(here, there, 400);
    const aliveHere = async () => {
      const found = await Promise.all(Array.from({ length: 200 }, (_, round) => here.get(dueSession(`r${round}`).id)));
      return found.filter((session) => session !== null);
    };
    await waitUntil(async () => (await aliveHere()).length === 0, 1000);

    expect(alive).toEqual([]);
    expect(await aliveHere()).toEqual([]);
    expect(asked).toBeGreaterThan(20);
  }, 60_000);
}

for (const kind of ["redis", "postgres"] as const) {
  if (isServerHere(kind)) describe(`refreshes over a real ${kind}`, () => refreshTests(kind));
}
