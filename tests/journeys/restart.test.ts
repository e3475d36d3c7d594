import { afterEach, expect, test } from "bun:test";
import { continueAs } from "../fakes/browser.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";
import { app, loggedIn, seenUser, toLoginPage } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

const secretA = "the-first-secret-of-forty-characters-aaa";
const secretB = "the-second-secret-of-forty-characters-bb";

function withSecret(toml: string): StackOptions {
  return { top: `[outpost]\nsecret = ${toml}` };
}

test("SES-10: a session goes on after a restart with SQLite and a secret that was made once", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const asked = stack.issuer.hits.token;

  await stack.restart();

  expect(await seenUser(browser)).toBe("alice");
  expect(stack.issuer.hits.token).toBe(asked);
});

test("SES-10: a login that was under way during a restart is finished after it", async () => {
  stack = await startStack();
  const browser = stack.browser();
  const login = await toLoginPage(browser, "http://app.test/wanted?x=1");

  await stack.restart();
  const landed = await continueAs(browser, login, "alice");

  expect([landed.url, landed.status]).toEqual(["http://app.test/wanted?x=1", 200]);
  expect(landed.hops.filter((url) => url.includes("/start?"))).toEqual([]);
});

test("SES-10: with the memory store a restart leads to a new login, without an error page on the way", async () => {
  stack = await startStack({ store: "memory" });
  const browser = await loggedIn(stack, "alice");

  await stack.restart();
  const before = await seenUser(browser);
  const page = await browser.follow("http://app.test/deep?x=1");

  expect(before).toBeNull();
  expect([page.url, page.status]).toEqual(["http://app.test/deep?x=1", 200]);
  expect(await seenUser(browser)).toBe("alice");
});

test("SES-10: with the memory store a login that was under way during a restart is finished, too", async () => {
  stack = await startStack({ store: "memory" });
  const browser = stack.browser();
  const login = await toLoginPage(browser, "http://app.test/wanted");

  await stack.restart();
  const landed = await continueAs(browser, login, "alice");

  expect([landed.url, landed.status]).toEqual(["http://app.test/wanted", 200]);
});

test("SES-12: with the old secret still listed, sessions and logins under way go on", async () => {
  stack = await startStack(withSecret(`"${secretA}"`));
  const browser = await loggedIn(stack, "alice");
  const late = stack.browser();
  const login = await toLoginPage(late, "http://app.test/wanted");

  await stack.restart(withSecret(`["${secretB}", "${secretA}"]`));

  expect(await seenUser(browser)).toBe("alice");
  expect((await continueAs(late, login, "bob")).url).toBe("http://app.test/wanted");
  expect(await seenUser(late)).toBe("bob");
});

test("SES-12: with only the new secret, an old session is none: a new login, never a 500", async () => {
  stack = await startStack(withSecret(`"${secretA}"`));
  const browser = await loggedIn(stack, "alice");

  await stack.restart(withSecret(`"${secretB}"`));
  const first = await browser.get(app);
  const page = await browser.follow(app);

  expect(first.status).toBe(302);
  expect([page.url, page.status]).toEqual([app, 200]);
  expect(await seenUser(browser)).toBe("alice");
});

test("SES-12: with only the new secret, a login under way starts again and is finished", async () => {
  stack = await startStack(withSecret(`"${secretA}"`));
  const browser = stack.browser();
  const login = await toLoginPage(browser, "http://app.test/wanted");

  await stack.restart(withSecret(`"${secretB}"`));
  const landed = await continueAs(browser, login, "alice");

  expect([landed.url, landed.status]).toEqual([app, 200]);
  expect(landed.hops.some((url) => url.includes("/outpost.goauthentik.io/start?"))).toBe(true);
});

test("SES-12: after a rotation in two steps a session made with the newer secret outlives the older one", async () => {
  stack = await startStack(withSecret(`"${secretA}"`));
  const old = await loggedIn(stack, "alice");

  await stack.restart(withSecret(`["${secretB}", "${secretA}"]`));
  const young = await loggedIn(stack, "bob");
  await stack.restart(withSecret(`"${secretB}"`));

  expect(await seenUser(old)).toBeNull();
  expect(await seenUser(young)).toBe("bob");
});

test("SES-10: who signed out before a restart is signed out after it", async () => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");
  const cookie = browser.cookies.headerFor(new URL(app));
  await browser.get("http://app.test/outpost.goauthentik.io/sign_out");

  await stack.restart();
  const replay = await stack.send("/json", { headers: { cookie } });

  expect(replay.status).toBe(302);
});
