import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../src/core/failure.ts";
import { sessionRefresh } from "../../../src/http/visitor/refresh.ts";
import type { SessionStore } from "../../../src/ports/session-store.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { openSessions } from "../../../src/sessions/open.ts";
import { proxyProvider } from "../../fakes/samples.ts";
import { dueSession, fresh, outpost, raceSignOuts } from "./refresh-outpost.ts";

const provider = proxyProvider();
const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
const keys = openKeys(["a secret of the outpost, long enough"]);

const memory = (clock = { now: 2000 }) => openSessions({ kind: "memory" }, { keys, now: () => clock.now, randomBytes });

test("DOS-05: of 500 requests at once that show one due session one asks the issuer", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  const { deps, refreshes, asked } = outpost(store, fresh);

  for (let count = 0; count < 500; count += 1) refreshes.whenDue(deps, provider, session);
  await refreshes.settled();
  for (let count = 0; count < 500; count += 1) refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect(asked).toEqual(["first"]);
  expect((await store.get(session.id))?.identity.groups).toEqual(["fresh"]);
  expect((await store.get(session.id))?.refresh?.token).toBe("second");
});

test("users 19: of several instances over one store one asks the issuer, and the others use what it learned", async () => {
  const root = mkdtempSync(join(tmpdir(), "akproxy-refresh-"));
  const file = join(root, "sessions.sqlite");
  const stores = await Promise.all(
    [1, 2, 3, 4].map(() => openSessions({ kind: "sqlite", file }, { keys, now: () => 2000, randomBytes })),
  );
  const [first] = stores;
  const session = dueSession("s");
  await first?.create(session);
  const outposts = stores.map((store) => outpost(store, fresh));
  for (const { deps } of outposts) await deps.sessions.get(session.id);

  for (const { refreshes, deps } of outposts) refreshes.whenDue(deps, provider, session);
  await Promise.all(outposts.map(({ refreshes }) => refreshes.settled()));
  // once more, with what each still remembers of before
  for (const { clock } of outposts) clock.now += 10;
  for (const { refreshes, deps } of outposts) refreshes.whenDue(deps, provider, session);
  await Promise.all(outposts.map(({ refreshes }) => refreshes.settled()));

  const groups = await Promise.all(stores.map(async (store) => (await store.get(session.id))?.identity.groups));
  expect(outposts.flatMap(({ asked }) => asked)).toEqual(["first"]);
  expect(groups).toEqual([["fresh"], ["fresh"], ["fresh"], ["fresh"]]);
  await Promise.all(stores.map((store) => store.close()));
  rmSync(root, { recursive: true });
});

describe.each(["memory", "sqlite"] as const)("in %s", (kind) => {
  test("SES-09: in 200 rounds of a refresh racing a sign-out nobody is alive afterwards", async () => {
    const root = mkdtempSync(join(tmpdir(), "akproxy-refresh-"));
    const config = kind === "memory" ? { kind } : { kind, file: join(root, "sessions.sqlite") };
    const store = await openSessions(config, { keys, now: () => 2000, randomBytes });

    const { asked, alive } = await raceSignOuts(store, store, 5);

    expect(alive).toEqual([]);
    expect(await store.count()).toBe(0);
    expect(asked).toBeGreaterThan(20); // some were signed out before the issuer was asked
    await store.close();
    rmSync(root, { recursive: true });
  });
});

test("OIDC-14: an issuer that says it is over ends the session", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  const { deps, refreshes, log, metrics } = outpost(store, () => ({ kind: "ended", reason: "the issuer refuses it" }));

  refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect(await store.get(session.id)).toBeNull();
  expect(metrics.render({ sessions: null, inFlight: 0 })).toContain(
    'akproxy_token_refreshes_total{provider="app",result="ended"} 1\n',
  );
  expect(log.lines).toEqual([
    'info session ended at its refresh {"provider":"app","user":"alice","reason":"the issuer refuses it"}',
  ]);
});

test("users 19: a refusal of a token that another instance has replaced meanwhile ends nothing", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  const { deps, refreshes } = outpost(store, async () => {
    await store.update({ ...session, refresh: { token: "second", dueAt: 9000 }, version: 2 });
    return { kind: "ended", reason: "the issuer refuses it" };
  });

  refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect((await store.get(session.id))?.refresh?.token).toBe("second");
});

test("what was replaced meanwhile is not overwritten with something older", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  const { deps, refreshes } = outpost(store, async (identity) => {
    await store.update({ ...session, refresh: { token: "of another", dueAt: 9000 }, version: 2 });
    return fresh(identity);
  });

  refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect((await store.get(session.id))?.refresh?.token).toBe("of another");
});

test("an issuer that is away leaves the session as it was; it is asked again later, and one line a minute says so", async () => {
  const clock = { now: 2000 };
  const store = await memory(clock);
  const session = dueSession("s");
  await store.create(session);
  const failure = new Failure("idp_unreachable", "issuer: it does not answer");
  const { deps, refreshes, log, asked } = outpost(store, () => ({ kind: "unknown", failure, grant: null }), clock);

  for (let second = 0; second < 300; second += 1) {
    clock.now += 1;
    refreshes.whenDue(deps, provider, session);
    await refreshes.settled();
  }

  expect((await store.get(session.id))?.identity).toEqual(session.identity);
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.length).toBeLessThan(6);
  expect(log.lines.length).toBeLessThan(6);
  expect(log.lines[0]).toBe(
    'warn claims not refreshed {"provider":"app","code":"idp_unreachable","reason":"issuer: it does not answer"}',
  );
});

test("a refresh token that was rotated is written down though nothing else could be learned", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  const failure = new Failure("idp_token_invalid", "id_token: it is wrong");
  const grant = { token: "second", accessSeconds: null };
  const { deps, refreshes } = outpost(store, () => ({ kind: "unknown", failure, grant }));

  refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  const after = await store.get(session.id);
  expect(after?.identity).toEqual(session.identity);
  expect(after?.refresh).toEqual({ token: "second", dueAt: 2060 });
});

test("a store that is away while the issuer's answer is to be written down is asked until it is back", async () => {
  const store = await memory();
  const session = dueSession("s");
  await store.create(session);
  let failures = 3;
  const unreliable: SessionStore = {
    ...store,
    async update(next) {
      failures -= 1;
      if (failures >= 0) throw new Failure("store_unavailable", "session store: it is away");
      return store.update(next);
    },
  };
  const { deps, refreshes } = outpost(unreliable, fresh);

  refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect((await store.get(session.id))?.refresh?.token).toBe("second");
});

test("a store that is away asks nothing of the issuer and throws at nobody", async () => {
  const store = await memory();
  const away = new Failure("store_unavailable", "session store: it is away");
  const { deps, refreshes, log, asked } = outpost({ ...store, lease: () => Promise.reject(away) }, fresh);

  refreshes.whenDue(deps, provider, dueSession("s"));
  await refreshes.settled();

  expect(asked).toEqual([]);
  expect(log.lines).toEqual([
    'warn claims not refreshed {"provider":"app","code":"store_unavailable","reason":"session store: it is away"}',
  ]);
});

test.each([
  ["is not due", proxyProvider(), { token: "first", dueAt: 2001 }],
  ["has no refresh token", proxyProvider(), null],
  [
    "is of a provider that does not refresh",
    proxyProvider({ refreshesClaims: false }),
    { token: "first", dueAt: 1500 },
  ],
  [
    "was opened at another issuer than its provider has now",
    proxyProvider({ oidc: { ...proxyProvider().oidc, issuer: "https://other.test/" } }),
    { token: "first", dueAt: 1500 },
  ],
])("a session that %s is left alone", async (_what, of, refresh) => {
  const store = await memory();
  const session = { ...dueSession("s"), refresh };
  await store.create(session);
  const { deps, refreshes, asked } = outpost(store, fresh);

  refreshes.whenDue(deps, of, session);
  await refreshes.settled();

  expect(asked).toEqual([]);
});

test("at most 32 refreshes are under way at once; the others are due still", async () => {
  const store = await memory();
  const sessions = Array.from({ length: 40 }, (_, index) => dueSession(`s${index}`));
  for (const session of sessions) await store.create(session);
  const { promise, resolve } = Promise.withResolvers<void>();
  const { deps, refreshes, asked } = outpost(store, async (identity) => {
    await promise;
    return fresh(identity);
  });

  for (const session of sessions) refreshes.whenDue(deps, provider, session);
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((next) => setImmediate(next));
  const atOnce = asked.length;
  resolve();
  await refreshes.settled();
  for (const session of sessions.slice(32)) refreshes.whenDue(deps, provider, session);
  await refreshes.settled();

  expect(atOnce).toBe(32);
  expect(asked.length).toBe(40);
});

test.each([
  [300, 0, 240],
  [300, 255, 210],
  [30, 0, 30],
  [1, 0, 30],
  [3600, 0, 2880],
  [31_536_000, 255, 3600],
  [null, 0, 240],
])("an access token of %j s and the random byte %d make a session due after %d s", (accessSeconds, byte, after) => {
  const deps = { now: () => 1000, randomBytes: () => Uint8Array.of(byte) };

  expect(sessionRefresh(deps, provider, { token: "t", accessSeconds })).toEqual({ token: "t", dueAt: 1000 + after });
});
