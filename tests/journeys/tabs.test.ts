import { afterAll, expect, test } from "bun:test";
import { continueAs, isToyLogin } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, callbackOf, outpost, seenUser, toLoginPage } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("OIDC-15: five tabs that are finished in reverse order all land where each was going", async () => {
  const browser = stack.browser();
  const callbacks: string[] = [];
  for (const tab of ["1", "2", "3", "4", "5"]) {
    callbacks.push(await callbackOf(browser, `http://app.test/tab/${tab}?from=${tab}`, "alice"));
  }
  const asked = stack.issuer.hits.token;

  const landed: string[] = [];
  for (const callback of callbacks.toReversed()) landed.push((await browser.follow(callback)).url);

  expect(landed).toEqual([
    "http://app.test/tab/5?from=5",
    "http://app.test/tab/4?from=4",
    "http://app.test/tab/3?from=3",
    "http://app.test/tab/2?from=2",
    "http://app.test/tab/1?from=1",
  ]);
  expect(stack.issuer.hits.token - asked).toBe(5);
  expect(await seenUser(browser)).toBe("alice");
  expect(attemptsOf(browser.cookies.headerFor(new URL(app)))).toEqual([]);
});

test("OIDC-15: two tabs that wait at the issuer's login page are both finished there", async () => {
  const browser = stack.browser();
  const first = await toLoginPage(browser, "http://app.test/first");
  const second = await toLoginPage(browser, "http://app.test/second");

  const landedSecond = await continueAs(browser, second, "bob");
  const landedFirst = await continueAs(browser, first, "bob");

  expect([landedSecond.url, landedSecond.status]).toEqual(["http://app.test/second", 200]);
  expect([landedFirst.url, landedFirst.status]).toEqual(["http://app.test/first", 200]);
});

test.each([
  ["short", "http://app.test/?tab="],
  ["long", `http://app.test/${"deep/".repeat(250)}?tab=`],
])(
  "OIDC-15: fifty starts of %s return URLs keep the Cookie header under 4 KiB and at most 8 attempts",
  async (_length, prefix) => {
    const browser = stack.browser();

    const sizes: number[] = [];
    for (let tab = 0; tab < 50; tab += 1) {
      await browser.get(`${outpost}/start?rd=${encodeURIComponent(`${prefix}${tab}`)}`);
      sizes.push(browser.cookies.headerFor(new URL(app)).length);
    }

    const header = browser.cookies.headerFor(new URL(app));
    expect(attemptsOf(header).length).toBeGreaterThanOrEqual(1);
    expect(attemptsOf(header).length).toBeLessThanOrEqual(8);
    expect(Math.max(...sizes)).toBeLessThan(4096);
    const login = await browser.follow(`${outpost}/start?rd=${encodeURIComponent(`${prefix}last`)}`);
    expect(isToyLogin(login)).toBe(true);
    expect((await continueAs(browser, login, "alice")).url).toBe(`${prefix}last`);
  },
);

test("OIDC-15: of more than eight attempts the oldest are dropped, and a dropped one restarts instead of failing", async () => {
  const browser = stack.browser();
  const oldest = await callbackOf(browser, "http://app.test/oldest", "alice");
  for (let tab = 0; tab < 8; tab += 1) {
    stack.advance(1);
    await browser.get(`${outpost}/start?rd=/${tab}`);
  }

  const answer = await browser.get(oldest);
  const landed = await browser.follow(oldest);

  expect(answer.status).toBe(302);
  expect(answer.location).toBe(`${outpost}/start?rd=http%3A%2F%2Fapp.test%2F`);
  expect([landed.url, landed.status]).toEqual(["http://app.test/", 200]);
});

/** The names of the login attempts in a Cookie header. */
function attemptsOf(header: string): readonly string[] {
  return header
    .split("; ")
    .map((pair) => pair.split("=")[0] ?? "")
    .filter((name) => name.includes("_login_"));
}
