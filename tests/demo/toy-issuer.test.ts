import { afterAll, expect, test } from "bun:test";
import { startToyIssuer } from "../../src/demo/toy-issuer.ts";
import { cancelLogin, confirmSignOut, continueAs, createBrowser, isToyLogin, loginAs } from "../fakes/browser.ts";

const app = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => new Response(request.url) });
const redirectUri = `http://app.localhost:${app.port}/callback?flag=true`;
const toy = await startToyIssuer({
  port: 0,
  clients: [
    {
      clientId: "app",
      clientSecret: "a secret of the toy issuer's client",
      redirectUris: [redirectUri],
      postLogoutRedirectUris: [`http://app.localhost:${app.port}/bye`],
    },
  ],
});
afterAll(async () => {
  await toy.close();
  await app.stop(true);
});

function authorizeUrl(more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: "app",
    response_type: "code",
    scope: "openid profile email entitlements ak_proxy",
    redirect_uri: redirectUri,
    state: "state-of-the-test",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...more,
  });
  return `${toy.issuer}/auth?${query}`;
}

test("the login page names the client and has a button for each user", async () => {
  const page = await createBrowser().follow(authorizeUrl());

  expect(page.status).toBe(200);
  expect(page.text).toContain("<b>app</b> asks you to sign in");
  expect(page.text).toContain("Continue as Alice");
  expect(page.text).toContain("Continue as Bob");
  expect(page.text).not.toContain("<script");
});

test("a login returns to the client with a code, and a second one shows no page", async () => {
  const browser = createBrowser();

  const first = await loginAs(browser, authorizeUrl(), "alice");
  const second = await browser.follow(authorizeUrl());

  expect(new URL(first.url).host).toBe(`app.localhost:${app.port}`);
  expect(new URL(first.url).searchParams.get("code")).toMatch(/^[\w-]{40,}$/);
  expect(new URL(first.url).searchParams.get("flag")).toBe("true");
  expect(new URL(second.url).searchParams.get("state")).toBe("state-of-the-test");
});

test("prompt=login shows the page again, and another user may sign in", async () => {
  const browser = createBrowser();
  await loginAs(browser, authorizeUrl(), "alice");

  const page = await browser.follow(authorizeUrl({ prompt: "login" }));
  const after = await continueAs(browser, page, "bob");

  expect(isToyLogin(page)).toBe(true);
  expect(new URL(after.url).searchParams.has("code")).toBe(true);
});

test("cancel returns with access_denied", async () => {
  const browser = createBrowser();

  const after = await cancelLogin(browser, await browser.follow(authorizeUrl()));

  expect(new URL(after.url).searchParams.get("error")).toBe("access_denied");
});

test("an unknown user is refused and a login without its cookie, too", async () => {
  const browser = createBrowser();
  const page = await browser.follow(authorizeUrl());

  const unknown = await continueAs(browser, page, "mallory");
  const stranger = await continueAs(createBrowser(), page, "alice");

  expect(unknown.status).toBe(400);
  expect(stranger.status).toBe(400);
});

test("a sign-out asks, ends the issuer's session and returns to a registered URL", async () => {
  const browser = createBrowser();
  await loginAs(browser, authorizeUrl(), "alice");
  const bye = encodeURIComponent(`http://app.localhost:${app.port}/bye`);

  const question = await browser.follow(`${toy.issuer}/session/end?client_id=app&post_logout_redirect_uri=${bye}`);
  const after = await confirmSignOut(browser, question);
  const next = await browser.follow(authorizeUrl());

  expect(question.text).toContain("Sign out of the toy issuer, too?");
  expect(after.url).toBe(`http://app.localhost:${app.port}/bye`);
  expect(isToyLogin(next)).toBe(true);
});

test("an invalid request gets a page with the escaped reason", async () => {
  const page = await createBrowser().follow(`${toy.issuer}/auth?client_id=%3Cb%3E&response_type=code`);

  expect(page.status).toBe(400);
  expect(page.text).toContain("invalid_client");
  expect(page.text).not.toContain("<b>");
});

test("an address that is not loopback is refused", async () => {
  await expect(startToyIssuer({ port: 0, hostname: "0.0.0.0", clients: [] })).rejects.toThrow(
    'toy issuer: address "0.0.0.0" is not loopback',
  );
});

test("failing answers 503 and down does not answer at all", async () => {
  toy.setAvailability("failing");
  const failing = await fetch(`${toy.issuer}/jwks`);
  toy.setAvailability("down");
  const down = await fetch(`${toy.issuer}/jwks`).then(
    () => "answered",
    () => "no answer",
  );
  toy.setAvailability("up");
  const up = await fetch(`${toy.issuer}/jwks`);

  expect([failing.status, down, up.status]).toEqual([503, "no answer", 200]);
});
