import { afterAll, expect, test } from "bun:test";
import { cancelLogin, continueAs, isToyLogin, loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, outpost, seenUser, toLoginPage } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

test("a login brings the identity to an application that knows nothing of login", async () => {
  const browser = stack.browser();

  const login = await browser.follow(app);
  const home = await continueAs(browser, login, "alice");

  expect(isToyLogin(login)).toBe(true);
  expect(home.status).toBe(200);
  expect(home.url).toBe("http://app.test/");
  const seen = await browser.get("http://app.test/json", { headers: { accept: "application/json" } });
  const { headers } = JSON.parse(seen.text);
  expect(headers["x-authentik-username"]).toBe("alice");
  expect(headers["x-authentik-groups"]).toBe("admins|staff");
  expect(headers["x-authentik-email"]).toBe("alice@example.test");
  expect(headers["x-authentik-name"]).toBe("Alice Example");
  expect(headers["x-authentik-meta-app"]).toBe("app");
  expect(headers["x-authentik-meta-version"]).toBe("goauthentik.io/outpost/0.0.0-test");
  expect(headers["host"]).toBe("app.test");
});

test("the way to a login is one redirect to start, one to the issuer, and only start sets a cookie", async () => {
  const browser = stack.browser();

  const first = await browser.get("http://app.test/deep?x=1");
  const second = await browser.get(first.location ?? "");

  expect(first.status).toBe(302);
  expect(first.location).toBe(`${outpost}/start?rd=http%3A%2F%2Fapp.test%2Fdeep%3Fx%3D1`);
  expect(first.headers.getSetCookie()).toEqual([]);
  expect(first.headers.get("cache-control")).toBe("no-store");
  expect(second.status).toBe(302);
  expect(second.location).toStartWith(`${stack.issuer.issuer}/auth?`);
  expect(second.headers.getSetCookie()).toHaveLength(1);
});

test.each([
  ["three parameters", "/a/b?one=1&two=2&three=3"],
  ["an encoded slash", "/files/a%2Fb?name=c%2Fd"],
  ["a plus and an encoded plus", "/search?q=a+b%2Bc"],
  ["umlauts and an emoji, encoded", "/%C3%BCber?q=%F0%9F%8D%B0"],
  ["an encoded ampersand", "/x?a=1%262&b="],
  ["a repeated parameter", "/x?a=1&a=2&a=3"],
  ["a query that looks like ours", "/x?rd=https://evil.test/&state=s&code="],
])("a deep link is kept over the login: %s", async (_what, target) => {
  const browser = stack.browser();

  const page = await loginAs(browser, `http://app.test${target}`, "alice");

  expect(page.status).toBe(200);
  expect(page.url).toBe(`http://app.test${target}`);
  expect(page.text).toContain(`<code>GET ${Bun.escapeHTML(target)}</code>`);
});

test("who cancels at the issuer gets a 403 page that names the issuer's answer and a link that starts again", async () => {
  const browser = stack.browser();
  const login = await toLoginPage(browser, "http://app.test/wanted?x=1");

  const denied = await cancelLogin(browser, login);

  expect(denied.status).toBe(403);
  expect(denied.text).toContain("access_denied");
  expect(denied.text).toContain("the user cancelled");
  const again = /href="([^"]*outpost\.goauthentik\.io\/start[^"]*)"/.exec(denied.text)?.[1]?.replaceAll("&amp;", "&");
  const page = await loginAs(browser, new URL(again ?? "", app).href, "alice");
  expect(page.status).toBe(200);
  expect(page.url).toBe("http://app.test/wanted?x=1");
});

test("a denied login leaves neither a session nor its attempt behind", async () => {
  const browser = stack.browser();

  await cancelLogin(browser, await toLoginPage(browser, app));

  expect(browser.cookies.all().filter(({ domain }) => domain === "app.test")).toEqual([]);
  expect(await seenUser(browser)).toBeNull();
});

test("where the issuer has a session, nobody is asked again", async () => {
  const browser = stack.browser();
  await loginAs(browser, app, "alice");
  const sessionCookies = browser.cookies.all().filter(({ domain }) => domain === "app.test");
  for (const { name } of sessionCookies) browser.cookies.set(new URL(app), `${name}=; Path=/; Max-Age=0`);

  const page = await browser.follow("http://app.test/again");

  expect(page.status).toBe(200);
  expect(page.url).toBe("http://app.test/again");
});

test("two providers are logged in to apart, each with its own callback", async () => {
  await stack.restart({
    top: `
[providers.other]
mode = "proxy"
external_host = "http://other.test"
internal_host = "http://127.0.0.1:9"
skip_path_regex = "^/never$"`,
  });
  const browser = stack.browser();

  await loginAs(browser, app, "alice");
  const other = await browser.follow("http://other.test/");

  // the other application is not up: what counts is that its own login was finished on the way
  expect(other.status).toBe(502);
  expect(other.hops.some((url) => url.startsWith("http://other.test/outpost.goauthentik.io/callback?"))).toBe(true);
  expect(
    browser.cookies
      .all()
      .map(({ name, domain }) => `${domain} ${name}`)
      .filter((cookie) => cookie.includes("akproxy_")),
  ).toEqual(["app.test akproxy_app", "other.test akproxy_other"]);
});
