import { afterAll, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, outpost, seenUser } from "./visit.ts";

const stack = await startStack();
afterAll(() => stack.stop());

/** The authorization request that a start answers with, and the cookie values it sets. */
async function started(query: string): Promise<{ readonly url: URL; readonly cookies: readonly string[] }> {
  const response = await stack.send(`/outpost.goauthentik.io/start${query}`);
  return { url: new URL(response.headers.get("location") ?? "none:"), cookies: response.headers.getSetCookie() };
}

test("OIDC-01, OIDC-10: a thousand starts have a thousand states, nonces and challenges, opaque and in no cookie", async () => {
  const requests: URL[] = [];
  const leaks: string[] = [];
  for (let n = 0; n < 1000; n += 1) {
    const { url, cookies } = await started("?rd=/secret-target");
    requests.push(url);
    const state = url.searchParams.get("state") ?? "";
    if (cookies.some((cookie) => cookie.includes(state) || state.includes(cookie.split(/[=;]/)[1] ?? "none")))
      leaks.push(state);
  }

  const all = (name: string) => new Set(requests.map((url) => url.searchParams.get(name) ?? ""));
  expect(all("state").size).toBe(1000);
  expect(all("nonce").size).toBe(1000);
  expect(all("code_challenge").size).toBe(1000);
  expect([...all("state")].filter((state) => !/^[A-Za-z0-9_-]{43}$/.test(state))).toEqual([]);
  expect(
    [...all("state")].filter((state) => Buffer.from(state, "base64url").toString("latin1").includes("target")),
  ).toEqual([]);
  expect(leaks).toEqual([]);
});

test("OIDC-05: the challenge is S256 and the verifier is in no URL and no readable cookie", async () => {
  const { url, cookies } = await started("?rd=/x");

  const challenge = url.searchParams.get("code_challenge") ?? "";
  const words = [...url.searchParams.values(), ...cookies.flatMap((cookie) => cookie.split(/[;=]/))];
  const digests = words.map((word) => new Bun.CryptoHasher("sha256").update(word).digest("base64url"));
  expect(url.searchParams.get("code_challenge_method")).toBe("S256");
  expect(challenge).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(digests).not.toContain(challenge);
});

test("RED-09: the authorization request holds our parameters and nothing of the visitor's query", async () => {
  const { url } = await started(
    "?scope=x&redirect_uri=https://evil.test&prompt=none&client_id=z&response_type=token&state=s&nonce=n&request=r&acr_values=1&rd=/",
  );

  expect([...url.searchParams.keys()].sort()).toEqual([
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
  ]);
  expect(url.searchParams.get("client_id")).toBe("akproxy");
  expect(url.searchParams.get("response_type")).toBe("code");
  expect(url.searchParams.get("scope")).toBe("openid profile email entitlements ak_proxy");
  expect(url.searchParams.get("redirect_uri")).toBe(
    "http://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true",
  );
});

test("RED-06: the redirect URI is made of external_host, whatever Host a request names", async () => {
  const foreign = await stack.send("/outpost.goauthentik.io/start", { headers: { host: "evil.test" } });
  const withPort = await stack.send("/outpost.goauthentik.io/start", { headers: { host: "app.test:80" } });

  expect(foreign.status).toBe(400);
  expect(foreign.headers.get("location")).toBeNull();
  const url = new URL(withPort.headers.get("location") ?? "none:");
  expect(url.searchParams.get("redirect_uri")).toStartWith("http://app.test/outpost.goauthentik.io/callback?");
});

test.each([
  ["another host", "https://evil.test/x"],
  ["another host without scheme", "//evil.test/x"],
  ["a backslash", "/\\evil.test"],
  ["script", "javascript:alert(1)"],
  ["userinfo", "http://app.test@evil.test/"],
  ["RED-07: a line break", "/%0d%0aSet-Cookie:x=1"],
  ["RED-08: our sign_out", "/outpost.goauthentik.io/sign_out"],
])("after a login nobody is sent where rd must not lead: %s", async (_what, rd) => {
  const browser = stack.browser();

  const page = await loginAs(browser, `${outpost}/start?rd=${rd.includes("%") ? rd : encodeURIComponent(rd)}`, "alice");

  expect(page.status).toBe(200);
  expect(page.url).toBe(app);
  expect(await seenUser(browser)).toBe("alice");
});

test("DOS-01: two hundred starts and two hundred anonymous visits write nothing to the store", async () => {
  const before = await stack.metric("akproxy_sessions");
  const written = storeFiles();

  for (let n = 0; n < 200; n += 1) {
    await stack.send("/outpost.goauthentik.io/start?rd=/");
    await stack.send("/anything");
  }

  expect(await stack.metric("akproxy_sessions")).toBe(before);
  expect(storeFiles()).toEqual(written);
});

/** Size and time of every file of the store: whatever is written shows. */
function storeFiles(): readonly string[] {
  const files = [...new Bun.Glob("*").scanSync(stack.stateDir)].sort();
  return files.map((name) => {
    const { size, lastModified } = Bun.file(`${stack.stateDir}/${name}`);
    return `${name} ${size} ${lastModified}`;
  });
}
