import { afterEach, expect, test } from "bun:test";
import { turns, waitUntil } from "../fakes/waits.ts";
import { type FakeLogins, startFakeLogins } from "./fake-logins.ts";
import { app, outpost, seenUser } from "./visit.ts";

let logins: FakeLogins;
afterEach(() => logins.stop());

/** Turns the clock past the time at which a session of a five-minute access token is due. */
const becomeDue = () => logins.advance(241);

/** The refreshes whose end was written down, or found the session gone; at log level trace. */
const refreshed = () => logins.stack.logLines.filter(({ event }) => event === "claims refreshed");

test("a group that the issuer takes away is gone after the refresh, and with it the access", async () => {
  logins = await startFakeLogins({ provider: 'allow = { groups = ["staff"] }' });
  const browser = await logins.login();
  logins.claims = { groups: ["other"], sid: "sid-1" };
  becomeDue();

  const first = await browser.get("http://app.test/json");
  await waitUntil(async () => (await browser.get("http://app.test/json")).status === 403);

  expect(first.status).toBe(200); // served with what was known; the refresh went on beside it
  expect(logins.shown).toEqual(["refresh-token-1"]);
});

test("new claims reach the application: groups, email and X-authentik-jwt", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  const before: { headers: Record<string, string> } = JSON.parse((await browser.get("http://app.test/json")).text);
  logins.claims = { groups: ["staff", "ops"], email: "new@example.test" };
  becomeDue();

  await browser.get(app);
  await waitUntil(async () => (await browser.get("http://app.test/json")).text.includes("new@example.test"));

  const after: { headers: Record<string, string> } = JSON.parse((await browser.get("http://app.test/json")).text);
  expect(after.headers["x-authentik-groups"]).toBe("staff|ops");
  expect(after.headers["x-authentik-jwt"]).not.toBe(before.headers["x-authentik-jwt"]);
});

test("OIDC-14: after invalid_grant the next request is a login, and the session is gone from the store", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  logins.valid.clear();
  becomeDue();

  const first = await seenUser(browser);
  await waitUntil(async () => (await logins.stack.metric("akproxy_sessions")) === 0);

  expect(first).toBe("alice");
  expect((await browser.get(app)).status).toBe(302);
  expect(logins.stack.logLines.filter(({ event }) => event === "session ended at its refresh")).toHaveLength(1);
});

test("OIDC-14: another sub at a refresh ends the session", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  logins.claims = { sub: "u-mallory" };
  becomeDue();

  await browser.get(app);
  await waitUntil(async () => (await logins.stack.metric("akproxy_sessions")) === 0);

  expect(await seenUser(browser)).toBeNull();
});

test("a refresh never holds a request up: while the issuer does not answer, everybody is served", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  const { promise, resolve } = Promise.withResolvers<void>();
  logins.hold = promise;
  becomeDue();

  const seen = [await seenUser(browser), await seenUser(browser), await seenUser(browser)];
  await waitUntil(() => logins.shown.length > 0);
  resolve();

  expect(seen).toEqual(["alice", "alice", "alice"]);
  expect(logins.shown).toHaveLength(1);
});

test("DOS-05: 500 requests at once with one due session make one refresh", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  const cookie = browser.cookies.headerFor(new URL(app));
  becomeDue();

  const statuses = await Promise.all(
    Array.from({ length: 500 }, async () => (await logins.stack.send("/json", { headers: { cookie } })).status),
  );
  await waitUntil(() => logins.shown.length > 0);
  await logins.login(); // a second refresh would have reached the issuer before this log-in does

  expect([...new Set(statuses)]).toEqual([200]);
  expect(logins.shown).toEqual(["refresh-token-1"]);
});

test("a rotated token is the next one shown, over a restart too", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  becomeDue();
  await browser.get(app);
  await waitUntil(() => logins.shown.length === 1 && logins.valid.has("refresh-token-2"));
  await logins.stack.restart();
  becomeDue();

  const user = await seenUser(browser);
  await waitUntil(() => logins.shown.length === 2);

  expect(user).toBe("alice");
  expect(logins.shown).toEqual(["refresh-token-1", "refresh-token-2"]);
});

test("while an issuer is down no session ends, and akproxy asks again when it is back", async () => {
  logins = await startFakeLogins();
  const browser = await logins.login();
  const complaints = () => logins.stack.logLines.filter(({ event }) => event === "claims not refreshed");
  await logins.fake.stop();
  becomeDue();

  const seen = [await seenUser(browser)];
  await waitUntil(() => complaints().length > 0);
  logins.fake.listenAgain();
  logins.claims = { email: "back@example.test" };
  logins.advance(61);
  seen.push(await seenUser(browser));
  await waitUntil(async () => (await browser.get("http://app.test/json")).text.includes("back@example.test"));

  expect(seen).toEqual(["alice", "alice"]);
  expect(complaints()[0]).toMatchObject({ level: "warn", code: "idp_unreachable" });
});

test("with refresh = false claims stay as they were at login, and the session lives to its own limit", async () => {
  logins = await startFakeLogins({ sessions: "refresh = false" });
  const browser = await logins.login();
  logins.claims = { email: "new@example.test" };
  logins.advance(3600);

  const page = await browser.get("http://app.test/json");
  await logins.login(); // a refresh would have reached the issuer before this log-in does

  expect(page.text).toContain("alice@example.test");
  expect(logins.shown).toEqual([]);
});

test("refresh = false in a reloaded config stops it for the sessions there are, and true begins it again", async () => {
  logins = await startFakeLogins();
  const client = `issuer = "${logins.fake.issuer}"\nclient_id = "app"\nclient_secret = "a client secret of forty characters, yes"`;
  const browser = await logins.login();
  await logins.stack.reload({ sessions: "refresh = false", provider: client });
  becomeDue();

  await browser.get(app);
  await logins.login(); // a refresh would have reached the issuer before this log-in does
  const asked = logins.shown.length;
  await logins.stack.reload({ provider: client });
  await browser.get(app);
  await waitUntil(() => logins.shown.length === 1);

  expect(asked).toBe(0);
});

test("a session without a refresh token lives to its own limit", async () => {
  logins = await startFakeLogins({ sessions: 'max = "2h"' });
  logins.answer = { refresh_token: undefined };
  const browser = await logins.login();

  logins.advance(7100);
  const late = await seenUser(browser);
  logins.advance(200);

  expect([late, await seenUser(browser)]).toEqual(["alice", null]);
  expect(logins.shown).toEqual([]);
});

test("users 6: the session outlives its tokens where they are refreshed, and ends at its own limit all the same", async () => {
  logins = await startFakeLogins({ sessions: 'max = "20m"', logLevel: "trace" });
  const browser = await logins.login();

  const seen: (string | null)[] = [];
  for (let turn = 1; turn <= 4; turn += 1) {
    becomeDue();
    seen.push(await seenUser(browser));
    await waitUntil(() => refreshed().length === turn);
  }
  logins.advance(300);

  expect(seen).toEqual(["alice", "alice", "alice", "alice"]);
  expect(await seenUser(browser)).toBeNull();
});

test("SES-04, LEAK-01: refresh tokens stand neither in the log at any level nor readable in the store's files", async () => {
  logins = await startFakeLogins({ logLevel: "trace" });
  const browser = await logins.login();
  becomeDue();
  await browser.get(app);
  await waitUntil(() => logins.shown.length === 1);
  logins.valid.clear();
  becomeDue();
  await browser.get(app);

  const files = [...new Bun.Glob("sessions.sqlite*").scanSync(logins.stack.stateDir)];
  const bytes = await Promise.all(files.map((name) => Bun.file(`${logins.stack.stateDir}/${name}`).bytes()));
  const text = `${Buffer.concat(bytes).toString("latin1")}${JSON.stringify(logins.stack.logLines)}`;

  expect(text.length).toBeGreaterThan(1000);
  expect(text).not.toContain("refresh-token-");
});

test("SES-09: in 200 rounds of a refresh racing a sign-out over HTTP nobody is alive afterwards", async () => {
  logins = await startFakeLogins({ logLevel: "trace" });
  let alive = 0;
  for (let round = 0; round < 200; round += 1) {
    const browser = await logins.login();
    const cookie = browser.cookies.headerFor(new URL(app));
    becomeDue();

    const request = logins.stack.send("/json", { headers: { cookie } });
    await turns((round % 3) * 20);
    await browser.get(`${outpost}/sign_out`);
    await request;
    const afterwards = await logins.stack.send("/json", { headers: { cookie } });
    if (afterwards.status === 200) alive += 1;
  }
  const last = await logins.login(); // refreshes that were under way reach the issuer before this log-in does
  await last.get(`${outpost}/sign_out`);
  await waitUntil(() => refreshed().length === logins.shown.length);

  expect(alive).toBe(0);
  expect(await logins.stack.metric("akproxy_sessions")).toBe(0);
  expect(logins.shown.length).toBeGreaterThan(20);
}, 60_000);
