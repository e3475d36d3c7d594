import { afterAll, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, callbackOf, loggedIn, outpost, seenUser } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("OIDC-02: a callback that is opened again in a browser that is logged in leads on, and the code is not asked for again", async () => {
  const browser = stack.browser();
  const callback = await callbackOf(browser, "http://app.test/wanted", "alice");
  await browser.follow(callback);
  const asked = stack.issuer.hits.token;

  const again = await browser.follow(callback);

  expect([again.url, again.status]).toEqual([app, 200]);
  expect(again.hops).toHaveLength(2);
  expect(stack.issuer.hits.token).toBe(asked);
  expect(await seenUser(browser)).toBe("alice");
});

test("OIDC-02: with the attempt's cookie still there, a second callback goes to the login's own target", async () => {
  const browser = stack.browser();
  const callback = await callbackOf(browser, "http://app.test/wanted?x=1", "alice");
  const attempt = browser.cookies.headerFor(new URL(app));
  await browser.follow(callback);
  const asked = stack.issuer.hits.token;

  const cookie = `${attempt}; ${browser.cookies.headerFor(new URL(app))}`;
  const again = await browser.get(callback, { headers: { cookie } });

  expect(again.status).toBe(302);
  expect(again.location).toBe("http://app.test/wanted?x=1");
  expect(stack.issuer.hits.token).toBe(asked);
});

test("OIDC-02, OIDC-08: callback and cookie stolen together after use: no session, no request to the token endpoint, never 2xx", async () => {
  const browser = stack.browser();
  const callback = await callbackOf(browser, "http://app.test/wanted", "alice");
  const cookie = browser.cookies.headerFor(new URL(app));
  await browser.follow(callback);
  const asked = stack.issuer.hits.token;

  const thief = await stack.browser().get(callback, { headers: { cookie } });

  expect(thief.status).toBe(302);
  expect(thief.location).toBe(`${outpost}/start?rd=http%3A%2F%2Fapp.test%2F`);
  expect(thief.headers.getSetCookie().filter((line) => line.startsWith("akproxy_app="))).toEqual([]);
  expect(stack.issuer.hits.token).toBe(asked);
});

test("OIDC-02: the same callback twice at once redeems its code once, and the browser ends up logged in", async () => {
  const browser = stack.browser();
  const callback = await callbackOf(browser, "http://app.test/wanted", "alice");
  const asked = stack.issuer.hits.token;

  const answers = await Promise.all([browser.get(callback), browser.get(callback)]);

  expect(answers.map(({ status }) => status)).toEqual([302, 302]);
  expect(stack.issuer.hits.token - asked).toBe(1);
  expect(await seenUser(browser)).toBe("alice");
});

test("OIDC-03, OIDC-08: an attacker's code and state log nobody in as the attacker, and the token endpoint is not asked", async () => {
  const attacker = stack.browser();
  const victim = stack.browser();
  const callback = await callbackOf(attacker, app, "bob");
  const asked = stack.issuer.hits.token;

  const answer = await victim.get(callback);

  expect(answer.status).toBe(302);
  expect(answer.location).toBe(`${outpost}/start?rd=http%3A%2F%2Fapp.test%2F`);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(stack.issuer.hits.token).toBe(asked);
  expect(await seenUser(victim)).toBeNull();
});

test("OIDC-03: a victim with a login of their own under way or behind them does not become the attacker", async () => {
  const attacker = stack.browser();
  const underWay = stack.browser();
  const signedIn = await loggedIn(stack, "alice");
  await underWay.get(`${outpost}/start?rd=/`);
  const callback = await callbackOf(attacker, app, "bob");

  await underWay.get(callback);
  const landed = await signedIn.follow(callback);

  expect(await seenUser(underWay)).toBeNull();
  expect([landed.url, landed.status]).toEqual([app, 200]);
  expect(await seenUser(signedIn)).toBe("alice");
});

test.each([
  ["no parameters", ""],
  ["only the flag", "?X-authentik-auth-callback=true"],
  ["a state and nothing else", "?state=STATE"],
  ["a code and nothing else", "?code=c"],
  ["code twice", "?state=STATE&code=a&code=b"],
  ["state twice", "?state=STATE&state=STATE&code=a"],
  ["code and error", "?state=STATE&code=a&error=b"],
  ["state as an array", "?state[]=STATE&code=a"],
  ["an empty state", "?state=&code=a"],
  ["a state of 600 characters", `?state=${"s".repeat(600)}&code=a`],
  ["a state of 5 KiB", `?state=${"s".repeat(5 * 1024)}&code=a`],
  ["a code of 5 KiB", `?state=STATE&code=${"c".repeat(5 * 1024)}`],
  ["an error and nothing else", "?error=access_denied"],
  ["a bad escape as state", "?state=%zz&state=%c0%af&code=a"],
])("OIDC-09: a callback with %s is 400, and the token endpoint is not asked", async (_what, query) => {
  const browser = stack.browser();
  const start = await browser.get(`${outpost}/start?rd=/`);
  const state = new URL(start.location ?? "none:").searchParams.get("state") ?? "";
  const asked = stack.issuer.hits.token;

  const answer = await browser.get(`${outpost}/callback${query.replaceAll("STATE", state)}`);

  expect(answer.status).toBe(400);
  expect(answer.text).toContain("bad_request");
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(stack.issuer.hits.token).toBe(asked);
});

test("OIDC-09: a state of 10 KiB does not fit into a request target at all: 414", async () => {
  const answer = await stack.browser().get(`${outpost}/callback?state=${"s".repeat(10 * 1024)}&code=a`);

  expect(answer.status).toBe(414);
});

test.each(["POST", "PUT", "DELETE", "HEAD"])(
  "OIDC-09: %s to the callback is 405 and leaves the attempt unused",
  async (method) => {
    const browser = stack.browser();
    const callback = await callbackOf(browser, "http://app.test/wanted", "alice");
    const cookie = browser.cookies.headerFor(new URL(app));

    const target = callback.slice("http://app.test".length);
    const answer = await stack.send(target, { method, headers: { cookie } });

    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET");
    expect((await browser.follow(callback)).url).toBe("http://app.test/wanted");
  },
);

test("OIDC-07: an attempt that is finished after 11 minutes gets a 400 page whose link starts again", async () => {
  const browser = stack.browser();
  const callback = await callbackOf(browser, "http://app.test/wanted", "alice");
  const asked = stack.issuer.hits.token;

  stack.advance(11 * 60);
  const late = await browser.get(callback);

  expect(late.status).toBe(400);
  expect(late.text).toContain("login_expired");
  expect(stack.issuer.hits.token).toBe(asked);
  const again = /href="(http:\/\/app\.test\/outpost\.goauthentik\.io\/start[^"]*)"/.exec(late.text)?.[1] ?? "";
  const landed = await loginAs(browser, again, "alice");
  expect([landed.url, landed.status]).toEqual(["http://app.test/wanted", 200]);
});

test("an issuer's error for a login that this browser never started is 400 and names no session", async () => {
  const answer = await stack.browser().get(`${outpost}/callback?state=${"s".repeat(43)}&error=access_denied`);

  expect(answer.status).toBe(400);
  expect(answer.text).toContain("login_unknown");
});

test("an issuer's error text is shown as text, whatever it holds", async () => {
  const browser = stack.browser();
  const start = await browser.get(`${outpost}/start?rd=/`);
  const state = new URL(start.location ?? "none:").searchParams.get("state") ?? "";

  const query = `state=${state}&error=<script>alert(1)</script>&error_description="><img src=x>`;
  const answer = await browser.get(`${outpost}/callback?${query}`);

  expect(answer.status).toBe(403);
  expect(answer.text).not.toContain("<script>alert");
  expect(answer.text).not.toContain("<img src=x>");
});
