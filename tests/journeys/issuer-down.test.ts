import { afterEach, expect, test } from "bun:test";
import { continueAs, formOf, isToyLogin, loginAs, type Page } from "../fakes/browser.ts";
import { waitUntil } from "../fakes/waits.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, loggedIn, outpost, seenUser, toLoginPage } from "./visit.ts";

let stack: Stack;
afterEach(() => stack.stop());

/** Where the button of a page leads. */
function linkOf(page: Page): string {
  const href = /<a class="button" href="([^"]*)"/.exec(page.text)?.[1] ?? "none:";
  return href === "" ? page.url : new URL(href.replace(/&#38;|&amp;/g, "&"), page.url).href;
}

async function probe(path: "/livez" | "/readyz"): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${stack.adminUrl}${path}`);
  return { status: response.status, text: await response.text() };
}

test.each(["down", "failing"] as const)("existing sessions go on while the issuer is %s", async (availability) => {
  stack = await startStack();
  const browser = await loggedIn(stack, "alice");

  stack.issuer.setAvailability(availability);
  stack.advance(2 * 3600); // past what is known of the issuer: it is asked again, in the background

  expect(await seenUser(browser)).toBe("alice");
  expect((await probe("/readyz")).status).toBe(200);
});

test("a login cannot be finished while the issuer is down: 503 with Retry-After, nobody let in; up again, it starts over", async () => {
  stack = await startStack();
  const browser = stack.browser();
  const login = await toLoginPage(browser, "http://app.test/wanted");
  const stopBefore = (url: string) => url.startsWith(`${outpost}/callback`);
  const atCallback = await browser.submit(formOf(login), { user: "alice" }, { stopBefore });

  stack.issuer.setAvailability("down");
  const failed = await browser.get(atCallback.location ?? "");
  stack.issuer.setAvailability("up");
  const again = await browser.follow(linkOf(failed));

  expect(failed.status).toBe(503);
  expect(failed.headers.get("retry-after")).toBe("10");
  expect(failed.text).toContain("idp_unreachable");
  expect(failed.text).not.toContain(stack.issuer.issuer.replace("http://", ""));
  expect(failed.headers.getSetCookie().map((line) => line.includes("Max-Age=0"))).toEqual([true]);
  expect([again.url, again.status]).toEqual(["http://app.test/wanted", 200]);
});

test("a login that cannot begin is tried again from its own page, and still leads to the deep link", async () => {
  stack = await startStack({ issuerAtStart: "down" });
  const browser = stack.browser();

  const failed = await browser.follow("http://app.test/deep?x=1&y=2");
  stack.issuer.setAvailability("up");
  stack.advance(3);
  const page = await loginAs(browser, linkOf(failed), "alice");

  expect(failed.status).toBe(503);
  expect([page.url, page.status]).toEqual(["http://app.test/deep?x=1&y=2", 200]);
});

test("started with the issuer down: alive, not ready and saying why, a login gets a 503 page; then it recovers by itself", async () => {
  stack = await startStack({ issuerAtStart: "down" });
  const browser = stack.browser();

  const live = await probe("/livez");
  const page = await browser.follow(app);
  const ready = await probe("/readyz");
  stack.issuer.setAvailability("up");
  stack.advance(3);
  const login = await browser.follow(app);
  const readyLater = await probe("/readyz");
  const home = await continueAs(browser, login, "alice");

  expect(live).toEqual({ status: 200, text: "ok\n" });
  expect(page.status).toBe(503);
  expect(page.headers.get("retry-after")).toBe("10");
  expect(page.text).toContain("Signing in is not possible right now");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain(`[-] issuer ${stack.issuer.issuer}: `);
  expect(isToyLogin(login)).toBe(true);
  expect(readyLater).toEqual({
    status: 200,
    text: `[+] session store\n[+] issuer ${stack.issuer.issuer}\nready\n`,
  });
  expect([home.url, home.status]).toEqual([app, 200]);
});

test("started with the issuer down, akproxy becomes ready without a request for a login", async () => {
  stack = await startStack({ issuerAtStart: "failing" });
  const before = await probe("/readyz");

  stack.issuer.setAvailability("up");
  stack.advance(3);
  await waitUntil(async () => (await probe("/readyz")).status === 200); // discovery runs in the background

  expect(before.status).toBe(503);
  expect((await probe("/readyz")).status).toBe(200);
});

test("DOS-05: a hundred logins at a dead issuer ask it once in two seconds", async () => {
  stack = await startStack({ issuerAtStart: "failing" });
  await stack.send("/outpost.goauthentik.io/start");
  const asked = stack.issuer.hits.discovery;

  const answers = await Promise.all(
    Array.from({ length: 100 }, () => stack.send("/outpost.goauthentik.io/start?rd=/")),
  );

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(stack.issuer.hits.discovery).toBe(asked);
});
