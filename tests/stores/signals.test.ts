import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sessionOf } from "../contract/session-store.ts";
import { waitUntil } from "../fakes/waits.ts";
import { has, newSession, openInstance, untilKept } from "./opened.ts";
import { isServerHere, type ServerName, type StoreServer, startServer } from "./store-server.ts";

function signalsOn(name: ServerName): void {
  describe(`signals through a real ${name}`, () => {
    let server: StoreServer;
    beforeAll(async () => {
      server = await startServer(name);
    });
    afterAll(() => server.stop());

    test("SES-07: a session that one instance ends is gone in the others within a second: by id, user, sid and handle", async () => {
      const config = await server.newStore();
      const [here, there] = [await openInstance(config), await openInstance(config)];
      const first = newSession();
      await here.create(first);
      await Promise.all([untilKept(here, first), untilKept(there, first)]);
      await here.delete(first.id);
      const times: number[] = [];

      for (let round = 0; round < 40; round++) {
        const session = newSession({ subject: `s${round}`, idpSession: `sid${round}` });
        await here.create(session);
        expect(await has(there, session)).toBe(true);
        const [summary] = await here.list({ username: "alice" });
        const end = [
          () => here.delete(session.id),
          () => here.deleteBySubject("https://idp.test/", `s${round}`),
          () => here.deleteByIdpSession("https://idp.test/", `sid${round}`),
          () => here.deleteByHandle(summary?.handle ?? ""),
        ][round % 4];
        await end?.();
        times.push(await waitUntil(async () => !(await has(there, session)), 1000));
      }

      times.sort((left, right) => left - right);
      console.info(
        `${name}: a sign-out is known elsewhere after ${times[20]?.toFixed(1)} ms, at most ${times.at(-1)?.toFixed(1)} ms`,
      );
      expect(times.at(-1)).toBeLessThan(1000);
      await here.close();
      await there.close();
    });

    test("an update in one instance is visible in the others", async () => {
      const config = await server.newStore();
      const [here, there] = [await openInstance(config), await openInstance(config)];
      const session = newSession();
      await here.create(session);
      await untilKept(there, session);

      await here.update({ ...session, identity: { ...session.identity, groups: ["new"] }, version: 2 });

      await waitUntil(async () => (await there.get(session.id))?.identity.groups[0] === "new", 1000);
      await here.close();
      await there.close();
    });

    test("a session that another instance touches is not idle here", async () => {
      const clock = { now: 1000 };
      const config = await server.newStore();
      const here = await openInstance(config, () => clock.now);
      const there = await openInstance(config, () => clock.now);
      const session = sessionOf({ idleSeconds: 100 });
      await here.create(session);
      await untilKept(here, session);
      clock.now = 1090;
      await there.touch(session.id, 1090);

      clock.now = 1110;
      const seen = await here.get(session.id);
      clock.now = 1190;

      expect(seen?.lastSeenAt).toBe(1090);
      expect(await here.get(session.id)).toBeNull();
      await here.close();
      await there.close();
    });

    test("when the server stops answering the cache is not used: no request passes, and none waits twice", async () => {
      const config = await server.newStore();
      const store = await openInstance(config);
      const session = newSession();
      await store.create(session);
      await untilKept(store, session);
      expect(await has(store, session)).toBe(true);

      await server.freeze();
      const silent = await waitUntil(async () => !(await has(store, session)), 5000);
      const start = performance.now();
      const passes: boolean[] = [];
      for (let n = 0; n < 20; n++) passes.push(await has(store, session));
      const waited = performance.now() - start;
      await server.thaw();

      expect(silent).toBeLessThan(3500); // 0.7 s until the cache is not used, and the longest timeout
      expect(passes).not.toContain(true);
      expect(waited).toBeLessThan(500);
      await waitUntil(() => has(store, session));
      await store.close();
    });

    test("decision 22: while the server is unavailable nothing passes, and everything works when it is back, restarted or not", async () => {
      const config = await server.newStore();
      const [here, there] = [await openInstance(config), await openInstance(config)];
      const [kept, signedOut] = [newSession({ subject: "kept" }), newSession({ subject: "ends" })];
      for (const session of [kept, signedOut]) {
        await here.create(session);
        await Promise.all([untilKept(here, session), untilKept(there, session)]);
        expect(await has(there, session)).toBe(true);
      }

      await server.kill();
      await waitUntil(async () => !(await has(here, kept)) && !(await has(there, kept)), 700);
      const whileAway = await Promise.all([has(here, kept), has(there, kept), has(there, signedOut)]);
      const error = await Promise.resolve(there.get(kept.id)).catch((thrown: unknown) => thrown);
      await server.start();
      const back = await waitUntil(() => has(there, kept));
      await waitUntil(() => has(here, kept));
      await here.deleteBySubject("https://idp.test/", "ends");
      const known = await waitUntil(async () => !(await has(there, signedOut)), 1000);

      expect(whileAway).toEqual([false, false, false]);
      expect(error).toMatchObject({ code: "store_unavailable" });
      expect(String(error)).toContain(config.place);
      expect(back).toBeLessThan(3000);
      expect(known).toBeLessThan(1000);
      await Promise.all([untilKept(here, kept), untilKept(there, kept)]); // the channels are back
      expect(await has(there, signedOut)).toBe(false);
      await here.close();
      await there.close();
    });
  });
}

if (isServerHere("redis")) signalsOn("redis");
if (isServerHere("postgres")) signalsOn("postgres");
