import { afterEach, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, callbackOf, loggedIn, outpost, userOf } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

test("CK-01: over http the cookies of a login are exactly these", async () => {
  stack = await startStack({ sessions: 'max = "2h"' });
  const browser = stack.browser();

  const start = await browser.get(`${outpost}/start?rd=/`);
  const callback = await callbackOf(browser, `${outpost}/start?rd=/`, "alice");
  const finished = await browser.get(callback);

  const [session = "", ...cleared] = finished.headers.getSetCookie();
  expect(start.headers.getSetCookie()).toHaveLength(1);
  expect(start.headers.getSetCookie()[0]).toMatch(
    /^akproxy_app_login_[0-9a-z]+_[\w-]{12}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/,
  );
  expect(session).toMatch(/^akproxy_app=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=7200; HttpOnly; SameSite=Lax$/);
  expect(cleared).toHaveLength(1);
  expect(cleared[0]).toMatch(/^akproxy_app_login_[0-9a-z]+_[\w-]{12}=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax$/);
});

test("CK-01, CK-09: over https every cookie is __Host-, Secure, HttpOnly, Lax, Path=/ and has no Domain; clearing is the same", async () => {
  stack = await startStack({ externalHost: "https://app.test" });
  const browser = stack.browser();
  const https = "https://app.test";

  const start = await browser.get(`${https}/outpost.goauthentik.io/start?rd=/`);
  const login = await loginAs(browser, `${https}/`, "alice");
  const held = browser.cookies.all().filter(({ domain }) => domain === "app.test");
  const signedOut = await browser.get(`${https}/outpost.goauthentik.io/sign_out`);

  expect(start.headers.getSetCookie()).toHaveLength(1);
  expect(start.headers.getSetCookie()[0]).toMatch(
    /^__Host-akproxy_app_login_[0-9a-z]+_[\w-]{12}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect([login.url, login.status]).toEqual(["https://app.test/", 200]);
  expect(held.some(({ name }) => name === "__Host-akproxy_app")).toBe(true);
  expect(signedOut.headers.getSetCookie()).toEqual([
    "__Host-akproxy_app=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
  ]);
});

test("CK-03: of two cookies of one name the one that opens a session counts, wherever it stands", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const good = browser.cookies.headerFor(new URL(app));
  const bad = `akproxy_app=${"A".repeat(43)}.${"A".repeat(43)}`;

  const after = await stack.send("/json", { headers: { cookie: `${bad}; ${good}` } });
  const before = await stack.send("/json", { headers: { cookie: `${good}; ${bad}` } });
  const fifth = await stack.send("/json", { headers: { cookie: `${bad}; ${bad}; ${bad}; ${bad}; ${good}` } });

  expect(userOf(await after.text())).toBe("alice");
  expect(userOf(await before.text())).toBe("alice");
  expect(fifth.status).toBe(302);
});

test("CK-03: valid cookies of two people are not a session; two of the same person are one", async () => {
  stack = await startStack();
  const alice = (await loggedIn(stack, "alice")).cookies.headerFor(new URL(app));
  const elsewhere = (await loggedIn(stack, "alice")).cookies.headerFor(new URL(app));
  const bob = (await loggedIn(stack, "bob")).cookies.headerFor(new URL(app));

  const tossed = await stack.send("/json", { headers: { cookie: `${alice}; ${bob}` } });
  const tossedOther = await stack.send("/json", { headers: { cookie: `${bob}; ${alice}` } });
  const same = await stack.send("/json", { headers: { cookie: `${alice}; ${elsewhere}` } });

  expect([tossed.status, tossedOther.status]).toEqual([302, 302]);
  expect(userOf(await same.text())).toBe("alice");
});

test("SES-05: a session of provider A opens nothing at provider B, under B's cookie name, with one secret for both", async () => {
  stack = await startStack({
    top: '[providers.other]\nmode = "proxy"\nexternal_host = "http://other.test"\ninternal_host = "http://127.0.0.1:9"\n',
  });
  const browser = await loggedIn(stack, "alice");
  const value = browser.cookies.headerFor(new URL(app)).replace("akproxy_app=", "");

  const atOther = await stack.send("/json", { headers: { host: "other.test", cookie: `akproxy_other=${value}` } });
  const underItsOwnName = await stack.send("/json", {
    headers: { host: "other.test", cookie: `akproxy_app=${value}` },
  });

  expect(atOther.status).toBe(302);
  expect(underItsOwnName.status).toBe(302);
});

test.each([
  ["a Unicode space before the name", "\u2000akproxy_app=VALUE"],
  ["RFC 2965 syntax", '$Version=1; x="y; akproxy_app=VALUE"'],
  ["a nameless cookie", "=akproxy_app=VALUE"],
  ["another case", "AKPROXY_APP=VALUE"],
  ["a prefix that http does not have", "__Host-akproxy_app=VALUE"],
  ["a space inside", "akproxy_app =VALUE"],
])("CK-04: a session cookie spelled oddly is none: %s", async (_what, spelling) => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const value = browser.cookies.headerFor(new URL(app)).replace("akproxy_app=", "");

  const cookie = Buffer.from(spelling.replace("VALUE", value)).toString("latin1");
  const answer = await stack.send("/json", { headers: { cookie } });

  expect(answer.status).toBe(302);
});

test("CK-05, CK-06: hostile Cookie headers are the same as no cookie", async () => {
  stack = await startStack();
  const hostile = [
    "__proto__=%7B%22x%22:1%7D",
    "constructor=1; toString=2",
    ";;;;",
    "akproxy_app",
    "akproxy_app=",
    "=",
    "akproxy_app=%zz%",
    `akproxy_app_login_zzzz_${"A".repeat(12)}=x`,
    Array.from({ length: 300 }, (_none, n) => `akproxy_app_login_${n}=x`).join("; "),
    "akproxy_app=\u00ff\u00fe",
    "akproxy_app_chunks=99999999",
  ];

  const statuses: number[] = [];
  for (const cookie of hostile) statuses.push((await stack.send("/x", { headers: { cookie } })).status);

  expect(new Set(statuses)).toEqual(new Set([302]));
});
