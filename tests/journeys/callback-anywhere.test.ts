import { afterAll, expect, test } from "bun:test";
import { startStack } from "./stack.ts";
import { app, callbackOf, loggedIn, seenUser } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("a callback that arrives on any path finishes the login that this browser started", async () => {
  const browser = stack.browser();
  const callback = new URL(await callbackOf(browser, "http://app.test/wanted", "alice"));

  const landed = await browser.follow(`http://app.test/some/page${callback.search}`);

  expect([landed.url, landed.status]).toEqual(["http://app.test/wanted", 200]);
  expect(await seenUser(browser)).toBe("alice");
});

test("PATH-17: without a login that this browser started, a flagged request is an ordinary one that needs a login", async () => {
  const target = "/page?X-authentik-auth-callback=true&state=abc&code=def";
  const asked = stack.issuer.hits.token;

  const answer = await stack.browser().get(`http://app.test${target}`);

  expect(answer.status).toBe(302);
  expect(answer.location).toBe(
    `http://app.test/outpost.goauthentik.io/start?rd=${encodeURIComponent(`http://app.test${target}`)}`,
  );
  expect(stack.issuer.hits.token).toBe(asked);
});

test("PATH-17: a flagged request of a user who is logged in goes to the application as it is", async () => {
  const browser = await loggedIn(stack, "alice");

  const answer = await browser.get("http://app.test/page?X-authentik-auth-callback=true&state=abc&code=def");

  expect(answer.status).toBe(200);
  expect(answer.text).toContain("GET /page?X-authentik-auth-callback=true&amp;state=abc&amp;code=def");
});

test("PATH-17: the flag alone, or with no code and no error, is an ordinary request", async () => {
  const browser = await loggedIn(stack, "alice");

  const statuses: number[] = [];
  for (const query of ["", "&state=abc", "&code=def", "&error=x"]) {
    statuses.push((await browser.get(`http://app.test/page?X-authentik-auth-callback=true${query}`)).status);
  }

  expect(statuses).toEqual([200, 200, 200, 200]);
});

test.each([
  ["of another issuer", "https://evil.test"],
  ["with a slash at its end", "SAME/"],
  ["that is empty", ""],
])("OIDC-06: a callback with an iss %s is refused before the token endpoint is asked", async (_what, iss) => {
  const browser = stack.browser();
  const callback = new URL(await callbackOf(browser, app, "alice"));
  const asked = stack.issuer.hits.token;

  callback.searchParams.set("iss", iss.replace("SAME", stack.issuer.issuer));
  const answer = await browser.get(callback.href);

  expect(answer.status).toBe(400);
  expect(stack.issuer.hits.token).toBe(asked);
  expect(await seenUser(browser)).toBeNull();
});

test("OIDC-06: a callback without the iss that the issuer says it sends is refused", async () => {
  const browser = stack.browser();
  const callback = new URL(await callbackOf(browser, app, "alice"));
  const asked = stack.issuer.hits.token;

  callback.searchParams.delete("iss");
  const answer = await browser.get(callback.href);

  expect(answer.status).toBe(400);
  expect(stack.issuer.hits.token).toBe(asked);
  expect(await seenUser(browser)).toBeNull();
});

test("OIDC-08: a code of another login is refused by PKCE at the issuer, and nobody is logged in", async () => {
  const attacker = stack.browser();
  const browser = stack.browser();
  const stolen = new URL(await callbackOf(attacker, app, "bob"));
  const callback = new URL(await callbackOf(browser, app, "alice"));

  callback.searchParams.set("code", stolen.searchParams.get("code") ?? "");
  const answer = await browser.get(callback.href);

  expect(answer.status).toBe(400);
  expect(answer.text).toContain("idp_rejected_code");
  expect(await seenUser(browser)).toBeNull();
});
