import { afterAll, afterEach, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compose, type Outpost } from "../../src/compose/compose.ts";
import { Failure } from "../../src/core/failure.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";
import { startFakeIssuer } from "../fakes/idp.ts";
import { waitUntil } from "../fakes/waits.ts";
import { configOf, surroundingsOf, testFolder } from "./composed.ts";

const root = testFolder();
const fake = startFakeIssuer();
const open: Outpost[] = [];
afterEach(async () => {
  for (const outpost of open.splice(0)) await outpost.close();
});
afterAll(async () => {
  await fake.stop();
  rmSync(root, { recursive: true });
});

async function composed(...[config, surroundings]: Parameters<typeof compose>): Promise<Outpost> {
  const outpost = await compose(config, surroundings);
  open.push(outpost);
  return outpost;
}

test("a secret file that others may read is warned about", async () => {
  const stateDir = mkdtempSync(join(root, "open-"));
  writeFileSync(join(stateDir, "secret.key"), "a secret of more than thirty-two characters\n", { mode: 0o644 });
  const surroundings = surroundingsOf();

  await composed(await configOf({ stateDir }), surroundings);

  expect(surroundings.log.lines.filter((line) => line.startsWith("warn"))).toEqual([
    `warn secret "${stateDir}/secret.key" can be read by other users; run chmod 600 on it {}`,
  ]);
});

test.each([
  ['store = "redis://127.0.0.1:1"', "", true],
  ['store = "postgres://akproxy@127.0.0.1:1/x"', "", true],
  ['store = "redis://127.0.0.1:1"', '[outpost]\nsecret = "a secret of more than thirty-two characters"', false],
  ['store = "sqlite"', "", false],
  ['store = "memory"', "", false],
])("a shared store needs a shared secret: %s %s", async (sessions, more, isWarned) => {
  const surroundings = surroundingsOf();
  const config = await configOf({ stateDir: mkdtempSync(join(root, "shared-")), sessions, more });

  await composed(config, surroundings).catch((thrown) => expect(thrown).toBeInstanceOf(Failure)); // no server is there

  expect(surroundings.log.lines.some((line) => line.includes("outpost.secret is not set"))).toBe(isWarned);
});

test("a store that cannot be opened rejects with store_unavailable", async () => {
  const config = await configOf({
    stateDir: mkdtempSync(join(root, "away-")),
    sessions: 'store = "redis://127.0.0.1:1"',
  });

  expect(compose(config, surroundingsOf())).rejects.toMatchObject({ code: "store_unavailable" });
});

test("another config takes effect for the next request, and everything that requests have built up stays", async () => {
  const stateDir = mkdtempSync(join(root, "replace-"));
  const outpost = await composed(await configOf({ stateDir }), surroundingsOf());
  const before = outpost.deps();

  outpost.replace(
    await configOf({
      stateDir,
      provider: 'skip_path_regex = "^/public/"',
      more: '[outpost]\nname = "another"\n[limits]\nidle = "7s"',
      listen: 'http = "127.0.0.1:0"\nhttps = ""\nmetrics = ""\ntrusted_proxies = ["192.0.2.0/24"]',
    }),
  );
  const after = outpost.deps();

  const lasting = [
    ...["sessions", "keys", "consumed", "loops", "liveStreams", "refreshes", "seenLogouts", "logoutRate"],
    ...["credentialLimits", "log", "warnOnce", "metrics", "now", "randomBytes", "newRequestId", "version"],
  ] as const;
  const changed = ["directory", "providers", "trustedProxies", "limits", "outpostName", "credentials"] as const;
  const isSame = (key: (typeof lasting)[number] | (typeof changed)[number]) => before[key] === after[key];
  expect(lasting.filter((key) => !isSame(key))).toEqual([]);
  expect(changed.filter(isSame)).toEqual([]);
  expect([...lasting, ...changed, "idpOf"].toSorted()).toEqual(Object.keys(after).toSorted());
  expect([before.outpostName === "another", after.outpostName]).toEqual([false, "another"]);
  expect(after.limits.idleSeconds).toBe(7);
  expect(after.providers).not.toEqual(before.providers);
});

test("a request that is decided by the old config finds its issuer after a replacement", async () => {
  const stateDir = mkdtempSync(join(root, "old-"));
  const outpost = await composed(await configOf({ stateDir }), surroundingsOf());
  const before = outpost.deps();
  const [provider] = before.providers;
  if (provider === undefined) throw new Error("the config has a provider");

  outpost.replace(
    await configOf({
      stateDir,
      more: '[providers.other]\nmode = "forward_single"\nexternal_host = "http://other.test"',
    }),
  );

  expect(before.idpOf(provider)).toBeDefined();
  expect(outpost.deps().providers.map(({ slug }) => slug)).toEqual(["app", "other"]);
  expect(() => before.idpOf({ ...provider, slug: "unknown" })).toThrow('provider "unknown" has no issuer');
});

test("an issuer that is away at the start is asked again until it answers, without a login", async () => {
  await fake.stop();
  const config = await configOf({ stateDir: mkdtempSync(join(root, "retry-")), issuer: fake.issuer });
  const outpost = await composed(config, surroundingsOf({ issuerRetryMilliseconds: 20 }));
  await waitUntil(() => outpost.issuers()[0]?.lastError != null);
  const away = outpost.issuers();
  fake.listenAgain();

  await waitUntil(() => outpost.issuers()[0]?.ready === true);

  expect(away).toMatchObject([{ issuer: fake.issuer, ready: false }]);
});

test("decision 42: an open stream is closed with 1008 once its session is over, and another's stays", async () => {
  const config = await configOf({ stateDir: mkdtempSync(join(root, "stream-")) });
  const outpost = await composed(config, surroundingsOf({ streamCheckMilliseconds: 10 }));
  const { sessions, liveStreams } = outpost.deps();
  const createdAt = Math.floor(Date.now() / 1000);
  const times = { createdAt, lastSeenAt: createdAt, expiresAt: createdAt + 3600 };
  const [ending, staying] = [idOf("ending"), idOf("staying")];
  for (const id of [ending, staying]) await sessions.create({ ...sessionOf({ id }), ...times });
  const closed: string[] = [];
  for (const sessionId of [ending, staying]) {
    const remove = liveStreams.add({
      person: null,
      sessionId,
      close(code) {
        closed.push(`${sessionId === ending ? "ending" : "staying"} ${code}`);
        remove();
      },
    });
  }

  await sessions.delete(ending);
  await waitUntil(() => closed.length > 0);

  expect(closed).toEqual(["ending 1008"]);
  expect(liveStreams.count()).toBe(1);
});

test("streams whose sessions cannot be looked at stay open, and the log says so", async () => {
  const surroundings = surroundingsOf({ streamCheckMilliseconds: 10 });
  const outpost = await composed(await configOf({ stateDir: mkdtempSync(join(root, "away-")) }), surroundings);
  const { sessions, liveStreams } = outpost.deps();
  spyOn(sessions, "get").mockImplementation(() => Promise.reject(new Error("the store is away")));
  liveStreams.add({ person: null, sessionId: "a", close: () => {} });

  await waitUntil(() => surroundings.log.lines.some((line) => line.includes("the store is away")));

  expect(surroundings.log.lines).toContain('warn open streams not checked {"reason":"the store is away"}');
  expect(liveStreams.count()).toBe(1);
});

test("close waits for refreshes under way, and then closes the store", async () => {
  const outpost = await compose(await configOf({ stateDir: mkdtempSync(join(root, "close-")) }), surroundingsOf());
  const { refreshes, sessions } = outpost.deps();
  const order: string[] = [];
  const refreshed = Promise.withResolvers<void>();
  spyOn(refreshes, "settled").mockImplementation(() => refreshed.promise.then(() => void order.push("refreshed")));
  const close = sessions.close.bind(sessions);
  spyOn(sessions, "close").mockImplementation(async () => {
    order.push("store closed");
    await close();
  });

  const closing = outpost.close();
  refreshed.resolve();
  await closing;

  expect(order).toEqual(["refreshed", "store closed"]);
});

test("close waits at most two seconds for a refresh that hangs", async () => {
  const outpost = await compose(await configOf({ stateDir: mkdtempSync(join(root, "hang-")) }), surroundingsOf());
  const { refreshes, sessions } = outpost.deps();
  spyOn(refreshes, "settled").mockReturnValue(new Promise(() => {}));
  const closed = spyOn(sessions, "close");
  const from = performance.now();

  await outpost.close();

  expect(closed).toHaveBeenCalledTimes(1);
  expect(performance.now() - from).toBeGreaterThan(1990);
});
