import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Browser } from "../fakes/browser.ts";
import { type FakeLogins, startFakeLogins } from "./fake-logins.ts";
import { app, seenUser } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

let logins: FakeLogins;
beforeEach(async () => {
  logins = await startFakeLogins();
});
afterEach(() => logins.stop());

const inFrame = { "sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site" };

function ask(browser: Browser, query: Readonly<Record<string, string>> | string) {
  const url = `http://app.test/outpost.goauthentik.io/frontchannel-logout?${new URLSearchParams(query)}`;
  return browser.get(url, { headers: inFrame });
}

test("iss and sid of this browser's session end it and clear its cookie; the page is empty and the issuer may frame it", async () => {
  const browser = await logins.login();

  const page = await ask(browser, { iss: logins.fake.issuer, sid: "sid-1" });

  expect([page.status, page.text]).toEqual([200, ""]);
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("content-security-policy")).toBe(`default-src 'none'; frame-ancestors ${logins.fake.issuer}`);
  expect(page.headers.get("x-frame-options")).toBeNull();
  expect(page.headers.getSetCookie()).toEqual(["akproxy_app=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
  expect(await logins.stack.metric("akproxy_sessions")).toBe(0);
});

test("the session is over in the store: a copy of its cookie opens nothing, and its WebSocket closes with 1008", async () => {
  const browser = await logins.login();
  const cookie = browser.cookies.headerFor(new URL(app));
  const socket = await openSocket(logins.stack.port, { cookie });

  await ask(browser, { iss: logins.fake.issuer, sid: "sid-1" });

  expect((await logins.stack.send("/json", { headers: { cookie } })).status).toBe(302);
  expect((await socket.closed).code).toBe(1008);
});

test.each([
  ["another sid", (issuer: string) => ({ iss: issuer, sid: "sid-2" })],
  ["another issuer", () => ({ iss: "https://other.test", sid: "sid-1" })],
  ["the issuer with a slash more", (issuer: string) => ({ iss: `${issuer}/`, sid: "sid-1" })],
  ["no sid", (issuer: string) => ({ iss: issuer })],
  ["no iss", () => ({ sid: "sid-1" })],
  ["an empty sid", (issuer: string) => ({ iss: issuer, sid: "" })],
  ["nothing", () => ({})],
])("OUT-01: %s ends nothing, and the page looks the same", async (_what, queryOf) => {
  const [browser, other] = [await logins.login(), await logins.login()];

  const page = await ask(browser, queryOf(logins.fake.issuer));

  expect([page.status, page.text]).toEqual([200, ""]);
  expect(page.headers.getSetCookie()).toEqual([]);
  expect([await seenUser(browser), await seenUser(other)]).toEqual(["alice", "alice"]);
});

test("a sid that is given twice ends nothing", async () => {
  const browser = await logins.login();

  await ask(browser, `iss=${logins.fake.issuer}&sid=sid-1&sid=sid-1`);

  expect(await seenUser(browser)).toBe("alice");
});

test("without a cookie nothing happens: a sid alone signs nobody out", async () => {
  const browser = await logins.login();

  const page = await ask(logins.stack.browser(), { iss: logins.fake.issuer, sid: "sid-1" });

  expect(page.status).toBe(200);
  expect(await seenUser(browser)).toBe("alice");
});

test("a session of an issuer that gives no sid can't be named", async () => {
  logins.claims = { sid: undefined };
  const browser = await logins.login();

  await ask(browser, { iss: logins.fake.issuer, sid: "null" });

  expect(await seenUser(browser)).toBe("alice");
});

test.each(["POST", "PUT", "DELETE", "HEAD"])("%s is 405", async (method) => {
  const answer = await logins.stack.send("/outpost.goauthentik.io/frontchannel-logout?iss=a&sid=b", { method });

  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("GET");
});
