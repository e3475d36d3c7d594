import { afterEach, expect, test } from "bun:test";
import { continueAs, loginAs } from "../fakes/browser.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, outpost, seenUser, toLoginPage } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

const startsIn = (hops: readonly string[]) => hops.filter((url) => url.startsWith(`${outpost}/start`)).length;

test("a browser that keeps no cookie of ours gets a page that names the causes instead of a fifth redirect", async () => {
  stack = await startStack();
  const browser = stack.browser({ loses: (url) => url.hostname === "app.test" });

  const page = await continueAs(browser, await toLoginPage(browser, "http://app.test/wanted"), "alice");

  expect(page.status).toBe(400);
  expect(page.text).toContain("Signing in goes round in circles");
  expect(page.text).toContain("did not return the cookie");
  expect(startsIn(page.hops)).toBe(4); // three more after the first, and the one that is answered with the page
  expect(page.headers.get("cache-control")).toBe("no-store");
});

test("a browser that loses the session's cookie alone gets that page, too", async () => {
  stack = await startStack();
  const browser = stack.browser({ loses: (_url, setCookie) => setCookie.startsWith("akproxy_app=") });

  const page = await continueAs(browser, await toLoginPage(browser, "http://app.test/wanted"), "alice");

  expect(page.status).toBe(400);
  expect(page.text).toContain("Signing in goes round in circles");
});

test("a minute later the same browser may try again, and with its cookies back it gets in", async () => {
  stack = await startStack();
  let keeps = false;
  const browser = stack.browser({ loses: (url) => url.hostname === "app.test" && !keeps });
  await continueAs(browser, await toLoginPage(browser, app), "alice");

  keeps = true;
  const tooSoon = await browser.follow(app);
  stack.advance(61);
  const later = await browser.follow(app);

  expect(tooSoon.status).toBe(400);
  expect([later.url, later.status]).toEqual([app, 200]);
});

test("twelve people behind one address and one kind of browser who do log in are not counted", async () => {
  stack = await startStack();

  const seen: (string | null)[] = [];
  for (let person = 0; person < 12; person += 1) {
    const browser = stack.browser();
    await loginAs(browser, app, person % 2 === 0 ? "alice" : "bob");
    seen.push(await seenUser(browser));
  }

  expect(seen.join(" ")).toBe("alice bob alice bob alice bob alice bob alice bob alice bob");
});

test("a browser that loses its cookies does not lock out another one at another address", async () => {
  stack = await startStack();
  const broken = stack.browser({
    loses: (url) => url.hostname === "app.test",
    headers: { "x-forwarded-for": "198.51.100.7" },
  });
  const sound = stack.browser({ headers: { "x-forwarded-for": "198.51.100.8" } });
  const page = await continueAs(broken, await toLoginPage(broken, app), "alice");

  const home = await loginAs(sound, app, "bob");

  expect(page.status).toBe(400);
  expect([home.url, home.status]).toEqual([app, 200]);
});

test("many starts without a login that comes back are not a loop: five tabs may wait", async () => {
  stack = await startStack();
  const browser = stack.browser();

  const statuses: number[] = [];
  for (let tab = 0; tab < 12; tab += 1) statuses.push((await browser.get(`${outpost}/start?rd=/${tab}`)).status);

  expect(new Set(statuses)).toEqual(new Set([302]));
});
