import { afterAll, expect, test } from "bun:test";
import { startStack } from "./stack.ts";
import { app, loggedIn, outpost, seenUser } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("PATH-17: the logout flag signs out under the outpost's prefix", async () => {
  const browser = await loggedIn(stack, "alice");

  const answer = await browser.get(`${outpost}/start?X-authentik-logout=true`);

  expect(answer.status).toBe(302);
  expect(answer.location).toStartWith(`${stack.issuer.issuer}/session/end?`);
  expect(await seenUser(browser)).toBeNull();
});

test("PATH-17: on any other path the logout flag is the application's business", async () => {
  const browser = await loggedIn(stack, "alice");

  const answers = [
    await browser.get("http://app.test/page?X-authentik-logout=true"),
    await browser.get("http://app.test/?X-authentik-logout=true"),
    await browser.get("http://app.test/outpost.goauthentik.iox/y?X-authentik-logout=true"),
  ];

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[0]?.text).toContain("GET /page?X-authentik-logout=true");
  expect(await seenUser(browser)).toBe("alice");
});

test.each(["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])("sign-out by %s is 405 and ends nothing", async (method) => {
  const browser = await loggedIn(stack, "alice");
  const cookie = browser.cookies.headerFor(new URL(app));

  const answer = await stack.send("/outpost.goauthentik.io/sign_out", { method, headers: { cookie } });

  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("GET, POST");
  expect(await seenUser(browser)).toBe("alice");
});

test("sign-out works while the issuer is down: the session is over all the same", async () => {
  await stack.restart();
  const browser = await loggedIn(stack, "alice");
  const cookie = browser.cookies.headerFor(new URL(app));

  stack.issuer.setAvailability("down");
  await stack.restart();
  const answer = await browser.get(`${outpost}/sign_out`);
  const replay = await stack.send("/json", { headers: { cookie } });
  stack.issuer.setAvailability("up");

  expect(answer.status).toBe(200);
  expect(answer.text).toContain("You are signed out");
  expect(replay.status).toBe(302);
});

test("CK-08: ping answers 204 on any host, without a cookie and without a session", async () => {
  const known = await stack.send("/outpost.goauthentik.io/ping");
  const unknown = await stack.send("/outpost.goauthentik.io/ping", { headers: { host: "nobody.test" } });

  expect([known.status, unknown.status]).toEqual([204, 204]);
  expect([...known.headers.getSetCookie(), ...unknown.headers.getSetCookie()]).toEqual([]);
});

test("PATH-16: a path that only looks like one of the outpost's is the application's and needs a login", async () => {
  const statuses: number[] = [];
  for (const path of [
    "/outpost.goauthentik.iox/ping",
    "/outpost.goauthentik.io",
    "/outpost.goauthentik.io/",
    "/outpost.goauthentik.io/static/x.js",
    "/outpost.goauthentik.io/ping/x",
    "/x/outpost.goauthentik.io/ping",
    "/OUTPOST.goauthentik.io/ping",
  ]) {
    statuses.push((await stack.send(path)).status);
  }

  expect(statuses).toEqual([302, 302, 302, 302, 302, 302, 302]);
});
