import { afterEach, expect, test } from "bun:test";
import { confirmSignOut, formOf, isToyLogin } from "../fakes/browser.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, loggedIn, outpost, seenUser } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

test("SES-07: of three browsers of alice one signs out and all three are out, while bob stays", async () => {
  stack = await startStack();
  const [one, two, three] = [
    await loggedIn(stack, "alice"),
    await loggedIn(stack, "alice"),
    await loggedIn(stack, "alice"),
  ];
  const bob = await loggedIn(stack, "bob");
  const before = await stack.metric("akproxy_sessions");

  await two.get(`${outpost}/sign_out`);

  const seen = [await seenUser(one), await seenUser(two), await seenUser(three), await seenUser(bob)];
  expect(before).toBe(4);
  expect(seen).toEqual([null, null, null, "bob"]);
  expect(await stack.metric("akproxy_sessions")).toBe(1);
});

test("SES-07: sign-out at one provider ends the same person's session at another one", async () => {
  stack = await startStack({
    top: '[providers.other]\nmode = "proxy"\nexternal_host = "http://other.test"\ninternal_host = "http://127.0.0.1:9"\n',
  });
  const browser = await loggedIn(stack, "alice");
  const other = await browser.follow("http://other.test/");
  const sessions = await stack.metric("akproxy_sessions");

  await browser.get(`${outpost}/sign_out`);

  expect(other.status).toBe(502); // let in; that application is not up
  expect(sessions).toBe(2);
  expect(await stack.metric("akproxy_sessions")).toBe(0);
  expect((await browser.get("http://other.test/")).status).toBe(302);
});

test("sign-out clears the cookie and goes to the issuer's end_session with id_token_hint and client_id, and nothing else", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");

  const answer = await browser.get(`${outpost}/sign_out`);

  const location = new URL(answer.location ?? "none:");
  expect(answer.status).toBe(302);
  expect(`${location.origin}${location.pathname}`).toBe(`${stack.issuer.issuer}/session/end`);
  expect([...location.searchParams.keys()].sort()).toEqual(["client_id", "id_token_hint"]);
  expect(location.searchParams.get("client_id")).toBe("akproxy");
  expect(location.searchParams.get("id_token_hint")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(answer.headers.getSetCookie()).toEqual(["akproxy_app=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
  expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test("a configured post_logout_redirect_uri is sent, and the issuer sends the browser back there to a new login", async () => {
  stack = await startStack({ oidc: 'post_logout_redirect_uri = "http://app.test/"' });
  const browser = await loggedIn(stack, "alice");

  const question = await browser.follow(`${outpost}/sign_out`);
  const end = await confirmSignOut(browser, question);

  expect(new URL(question.url).searchParams.get("post_logout_redirect_uri")).toBe("http://app.test/");
  expect(end.hops).toContain("http://app.test/");
  expect(isToyLogin(end)).toBe(true); // the issuer's own session is over as well
});

test("SES-06: a cookie kept from before the sign-out opens nothing afterwards", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const cookie = browser.cookies.headerFor(new URL(app));

  await browser.get(`${outpost}/sign_out`);
  const replay = await stack.send("/json", { headers: { cookie } });
  const program = await stack.send("/json", { headers: { cookie, accept: "application/json" } });

  expect(replay.status).toBe(302);
  expect(program.status).toBe(401);
});

test("sign-out without a session shows the signed-out page and clears the cookie; its link starts a login", async () => {
  stack = await startStack();
  const browser = stack.browser();

  const page = await browser.get(`${outpost}/sign_out`);

  expect(page.status).toBe(200);
  expect(page.text).toContain("You are signed out");
  expect(page.headers.getSetCookie()).toEqual(["akproxy_app=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
  const link = /href="([^"]*\/start[^"]*)"/.exec(page.text)?.[1] ?? "none:";
  expect(isToyLogin(await browser.follow(link))).toBe(true);
});

test.each([
  ["a link of another site", { "sec-fetch-site": "cross-site" }],
  [
    "an image of another site",
    { "sec-fetch-site": "cross-site", "sec-fetch-dest": "image", "sec-fetch-mode": "no-cors" },
  ],
  [
    "an image of the same site",
    { "sec-fetch-site": "same-origin", "sec-fetch-dest": "image", "sec-fetch-mode": "no-cors" },
  ],
  ["a frame", { "sec-fetch-site": "same-site", "sec-fetch-dest": "iframe" }],
  ["a script's fetch", { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" }],
])("OUT-01: sign-out by %s is confirmed first: the session lives, and nothing is cleared", async (_what, headers) => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");

  const answer = await browser.get(`${outpost}/sign_out`, { headers });

  expect(answer.status).toBe(200);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await seenUser(browser)).toBe("alice");
});

test("OUT-01: the confirm page's form signs out", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const page = await browser.get(`${outpost}/sign_out`, { headers: { "sec-fetch-site": "cross-site" } });

  const end = await browser.submit(formOf(page), {}, { headers: { "sec-fetch-site": "same-origin" } });

  expect(page.text).toContain("Sign out?");
  expect(end.hops[0]).toBe(`${outpost}/sign_out`);
  expect(end.url).toStartWith(`${stack.issuer.issuer}/session/end?`);
  expect(await seenUser(browser)).toBeNull();
});

test("OUT-01: a form of another site that posts to sign_out gets the question, not the sign-out", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");

  const form = { action: `${outpost}/sign_out`, fields: {} };
  const answer = await browser.submit(form, {}, { headers: { "sec-fetch-site": "cross-site" } });

  expect(answer.status).toBe(200);
  expect(answer.text).toContain("Sign out?");
  expect(await seenUser(browser)).toBe("alice");
});

test.each([
  "?rd=https://evil.test/",
  "?post_logout_redirect_uri=https://evil.test/",
  "?redirect=https://evil.test/&next=https://evil.test/&state=x&id_token_hint=x",
])("RED-05: where a sign-out leads comes from the config alone: %s", async (query) => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");

  const answer = await browser.get(`${outpost}/sign_out${query}`);

  const location = new URL(answer.location ?? "none:");
  expect(location.origin).toBe(stack.issuer.issuer);
  expect([...location.searchParams.keys()].sort()).toEqual(["client_id", "id_token_hint"]);
  expect(answer.location).not.toContain("evil.test");
});
