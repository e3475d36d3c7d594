import { afterAll, describe, expect, test } from "bun:test";
import { confirmSignOut, continueAs, formOf, isToyLogin, loginAs } from "../fakes/browser.ts";
import { startForwardStack } from "./forward-stack.ts";

const deepLink = "https://app.test/json?page=1&sort=a%20b&rd=https://app.test/x";

const forward = await startForwardStack(["app.test"], {
  providers: `
[providers.app]
name = "The App"
mode = "forward_single"
external_host = "https://app.test"
allow = { groups = ["admins"] }
`,
});
afterAll(() => forward.stop());

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The request as the application saw it, from its JSON answer. */
function seenBy(text: string): Seen {
  return JSON.parse(text);
}

describe.each(["nginx", "traefik", "caddy", "envoy", "forward"] as const)("through %s", (dialect) => {
  test("a deep link with three parameters leads over the login to the application, which gets the whole identity", async () => {
    const browser = forward.browser(dialect);

    const page = await loginAs(browser, deepLink, "alice");

    expect([page.url, page.status]).toEqual([deepLink, 200]);
    const { target, headers } = seenBy(page.text);
    expect(target).toBe("/json?page=1&sort=a%20b&rd=https://app.test/x");
    expect(headers).toMatchObject({
      "x-authentik-username": "alice",
      "x-authentik-groups": "admins|staff",
      "x-authentik-entitlements": "demo",
      "x-authentik-email": "alice@example.test",
      "x-authentik-name": "Alice Example",
      "x-authentik-uid": "alice",
      "x-authentik-meta-jwks": `${forward.stack.issuer.issuer}/jwks`,
      "x-authentik-meta-outpost": "akproxy",
      "x-authentik-meta-provider": "The App",
      "x-authentik-meta-app": "app",
      "x-authentik-meta-version": "goauthentik.io/outpost/0.0.0-test",
    });
    expect(headers["x-authentik-jwt"]).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(
      browser.cookies
        .all()
        .filter(({ domain }) => domain === "app.test")
        .map(({ name }) => name),
    ).toEqual(["__Host-akproxy_app"]);
  });

  test("what a client says of itself does not reach the application", async () => {
    const browser = forward.browser(dialect);
    await loginAs(browser, "https://app.test/", "alice");

    const page = await browser.get("https://app.test/json", {
      headers: { "x-authentik-username": "root", "X-Authentik-Groups": "root", "x-authentik-jwt": "root" },
    });

    expect(JSON.stringify(seenBy(page.text).headers)).not.toContain("root");
  });

  test("a form is posted with its body once there is a session", async () => {
    const browser = forward.browser(dialect);
    await loginAs(browser, "https://app.test/", "alice");

    const page = await browser.submit({ action: "https://app.test/json", fields: { a: "1", b: "2" } });

    expect([page.status, seenBy(page.text).method]).toEqual([200, "POST"]);
  });

  test("after sign_out the next page asks for a login", async () => {
    const browser = forward.browser(dialect);
    await loginAs(browser, "https://app.test/", "alice");

    const question = await browser.follow("https://app.test/outpost.goauthentik.io/sign_out");
    await confirmSignOut(browser, question);
    const after = await browser.follow("https://app.test/");

    expect(isToyLogin(after)).toBe(true);
  });

  test("two tabs that started before the login both come to where they were going", async () => {
    const browser = forward.browser(dialect);
    const one = await browser.follow("https://app.test/json?tab=1");
    const other = await browser.follow("https://app.test/json?tab=2");

    const first = await continueAs(browser, one, "alice");
    const second = await continueAs(browser, other, "alice");

    expect([first.url, second.url]).toEqual(["https://app.test/json?tab=1", "https://app.test/json?tab=2"]);
  });
});

// Without a route for /outpost.goauthentik.io/ the callback arrives inside the verdict request.
describe.each(["traefik", "caddy", "envoy", "forward"] as const)("through %s that asks about every path", (dialect) => {
  test("the callback in the verdict request ends the login, and its cookie reaches the browser", async () => {
    const browser = forward.browser(dialect, "asked_about");

    const page = await loginAs(browser, deepLink, "alice");

    expect([page.url, page.status]).toEqual([deepLink, 200]);
    expect(seenBy(page.text).headers["x-authentik-username"]).toBe("alice");
  });

  test("the flag makes a callback of any path, in the browser that started the login", async () => {
    const browser = forward.browser(dialect, "asked_about");
    const stopBefore = (url: string) => url.includes("/outpost.goauthentik.io/callback");
    const login = await browser.follow("https://app.test/json?a=1");
    const callback = await browser.submit(formOf(login), { user: "alice" }, { stopBefore });
    const elsewhere = (callback.location ?? "").replace("/outpost.goauthentik.io/callback", "/some/page");

    const page = await browser.follow(elsewhere);

    expect([page.url, page.status]).toEqual(["https://app.test/json?a=1", 200]);
  });

  test("another browser's callback logs nobody in", async () => {
    const victim = forward.browser(dialect, "asked_about");
    const attacker = forward.browser(dialect, "asked_about");
    const stopBefore = (url: string) => url.includes("/outpost.goauthentik.io/callback");
    const login = await attacker.follow("https://app.test/");
    const callback = await attacker.submit(formOf(login), { user: "alice" }, { stopBefore });

    const page = await victim.get(callback.location ?? "");

    expect(page.status).toBe(302);
    expect(
      victim.cookies
        .all()
        .map(({ name }) => name)
        .filter((name) => name === "__Host-akproxy_app"),
    ).toEqual([]);
  });

  test("sign_out in the verdict request ends the session", async () => {
    const browser = forward.browser(dialect, "asked_about");
    await loginAs(browser, "https://app.test/", "alice");

    const left = await browser.get("https://app.test/outpost.goauthentik.io/sign_out");
    const after = await browser.get("https://app.test/json");

    expect(left.location).toStartWith(`${forward.stack.issuer.issuer}/session/end?`);
    expect(after.location).toStartWith(`${forward.stack.issuer.issuer}/auth?`);
  });
});

test("a user whom allow does not name gets a page: user name, application, and a link to use another account", async () => {
  const browser = forward.browser("traefik");

  const page = await loginAs(browser, "https://app.test/wiki?page=1&x=2", "bob");

  expect([page.status, page.url]).toEqual([403, "https://app.test/wiki?page=1&x=2"]);
  expect(page.text).toContain("bob (bob@example.test)");
  expect(page.text).toContain("The App");
  const link = /href="([^"]*switch_account[^"]*)"/.exec(page.text)?.[1]?.replace(/&#38;|&amp;/g, "&") ?? "none:";
  expect(link).toStartWith("https://app.test/outpost.goauthentik.io/start?");
  expect(new URL(link).searchParams.get("rd")).toBe("https://app.test/wiki?page=1&x=2");
  expect((await browser.get(link)).location).toContain("prompt=select_account");
});

test("a script without a session gets JSON that names the login, and no cookie", async () => {
  const browser = forward.browser("caddy");

  const page = await browser.get("https://app.test/api?x=1", {
    headers: { accept: "application/json", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
  });

  expect(page.status).toBe(401);
  expect(page.headers.get("www-authenticate")).toBe('Bearer realm="app"');
  expect(JSON.parse(page.text).login_url).toBe(
    "https://app.test/outpost.goauthentik.io/start?rd=https%3A%2F%2Fapp.test%2Fapi%3Fx%3D1",
  );
  expect(page.headers.getSetCookie()).toEqual([]);
});

test("a session is kept by the application's host alone: http would not get its cookie back", async () => {
  const browser = forward.browser("traefik");
  const login = await browser.follow("https://app.test/");
  const callback = await browser.submit(
    formOf(login),
    { user: "alice" },
    { stopBefore: (url) => url.includes("/callback") },
  );

  const page = await browser.get(callback.location ?? "");

  expect(page.headers.getSetCookie()[0]).toMatch(
    /^__Host-akproxy_app=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax$/,
  );
});
