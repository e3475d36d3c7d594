import { afterAll, expect, test } from "bun:test";
import { confirmSignOut, continueAs, isToyLogin, loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, loggedIn, outpost, seenUser } from "./visit.ts";

const stack = await startStack({
  provider:
    'name = "The wiki"\nskip_path_regex = "^/public/"\n[providers.app.allow]\ngroups = ["admins"]\nusers = ["carol"]',
});
afterAll(() => stack.stop());

test("a user in an allowed group may enter", async () => {
  const browser = await loggedIn(stack, "alice");

  expect(await seenUser(browser)).toBe("alice");
});

test("a user whom allow does not name gets a 403 page: user name, application, and a link to use another account", async () => {
  const browser = stack.browser();

  const page = await loginAs(browser, "http://app.test/wiki?page=1", "bob");

  expect(page.status).toBe(403);
  expect(page.url).toBe("http://app.test/wiki?page=1");
  expect(page.text).toContain("bob (bob@example.test)");
  expect(page.text).toContain("The wiki");
  expect(page.text).toContain("Use another account");
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("referrer-policy")).toBe("no-referrer");
});

test("the way to another account asks the issuer for one and comes back to where the first was refused", async () => {
  const browser = stack.browser();
  const denied = await loginAs(browser, "http://app.test/wiki?page=1", "bob");
  const link = /href="([^"]*switch_account[^"]*)"/.exec(denied.text)?.[1]?.replace(/&#38;|&amp;/g, "&") ?? "none:";

  const start = await browser.get(link);
  const login = await browser.follow(link);
  const page = await continueAs(browser, login, "alice");

  expect(new URL(start.location ?? "none:").searchParams.get("prompt")).toBe("select_account");
  expect(isToyLogin(login)).toBe(true); // though the issuer still knows bob
  expect([page.url, page.status]).toEqual(["http://app.test/wiki?page=1", 200]);
  expect(await seenUser(browser)).toBe("alice");
});

test("a user who was refused and signs out at the issuer too can come back as a user who is allowed", async () => {
  const browser = stack.browser();
  await loginAs(browser, "http://app.test/wiki?page=1", "bob");

  const question = await browser.follow(`${outpost}/sign_out`);
  await confirmSignOut(browser, question);
  const page = await loginAs(browser, "http://app.test/wiki?page=1", "alice");

  expect([page.url, page.status]).toEqual(["http://app.test/wiki?page=1", 200]);
});

test.each(["GET", "POST", "DELETE", "OPTIONS"])(
  "a user who is not allowed gets 403 for %s, as a page or as JSON",
  async (method) => {
    const browser = stack.browser();
    await loginAs(browser, app, "bob");
    const cookie = browser.cookies.headerFor(new URL(app));

    const answer = await stack.send("/api", { method, headers: { cookie, accept: "application/json" } });

    expect(answer.status).toBe(403);
    expect(JSON.parse(await answer.text()).error).toBe("not_allowed");
  },
);

test("a public path is open to a user who is not allowed elsewhere", async () => {
  const browser = stack.browser();
  await loginAs(browser, app, "bob");

  const page = await browser.get("http://app.test/public/x");

  expect(page.status).toBe(200);
});
