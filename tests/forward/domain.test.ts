import { afterAll, describe, expect, test } from "bun:test";
import { confirmSignOut, formOf, isToyLogin, loginAs } from "../fakes/browser.ts";
import { corpDomain, labDomain } from "../fakes/sample-config.ts";
import { checkRequest } from "./check-request.ts";
import { startForwardStack } from "./forward-stack.ts";

const auth = "https://auth.corp.test";
const start = `${auth}/outpost.goauthentik.io/start?rd=`;

const forward = await startForwardStack(
  ["auth.corp.test", "a.corp.test", "b.corp.test", "corp.test", "auth.lab.corp.test", "x.lab.corp.test"],
  {
    providers: corpDomain + labDomain,
  },
);
afterAll(() => forward.stop());

describe.each(["nginx", "traefik", "caddy", "envoy", "forward"] as const)("domain level through %s", (dialect) => {
  test("one login at the authentication URL opens every host of the domain", async () => {
    const browser = forward.browser(dialect);

    const first = await loginAs(browser, "https://a.corp.test/json?x=1&y=2&z=3", "alice");
    const other = await browser.get("https://b.corp.test/json");
    const apex = await browser.get("https://corp.test/json");

    expect([first.url, first.status]).toEqual(["https://a.corp.test/json?x=1&y=2&z=3", 200]);
    expect(first.hops.some((hop) => hop.startsWith(`${auth}/outpost.goauthentik.io/callback?`))).toBe(true);
    expect([other.status, apex.status]).toEqual([200, 200]);
    expect(other.text).toContain('"x-authentik-username": "alice"');
  });

  test("sign_out at the authentication URL signs every host out", async () => {
    const browser = forward.browser(dialect);
    await loginAs(browser, "https://a.corp.test/json", "alice");

    await confirmSignOut(browser, await browser.follow(`${auth}/outpost.goauthentik.io/sign_out`));
    const first = await browser.follow("https://a.corp.test/json");
    const other = await browser.follow("https://b.corp.test/json");

    expect([isToyLogin(first), isToyLogin(other)]).toEqual([true, true]);
  });

  test("sign_out at one of the hosts does so, too", async () => {
    const browser = forward.browser(dialect);
    await loginAs(browser, "https://a.corp.test/json", "alice");

    await confirmSignOut(browser, await browser.follow("https://b.corp.test/outpost.goauthentik.io/sign_out"));

    expect(isToyLogin(await browser.follow("https://a.corp.test/json"))).toBe(true);
  });
});

test("CK-02: the session's cookie is the domain's, and its clearing takes a host's own twin along", async () => {
  const browser = forward.browser("traefik");
  await loginAs(browser, "https://a.corp.test/json", "alice");
  const session = browser.cookies.all().find(({ name }) => name === "__Secure-akproxy_corp");

  const left = await browser.get(`${auth}/outpost.goauthentik.io/sign_out`);

  expect([session?.domain, session?.path]).toEqual(["corp.test", "/"]);
  expect(left.headers.getSetCookie()).toEqual([
    "__Secure-akproxy_corp=; Path=/; Domain=corp.test; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
    "__Secure-akproxy_corp=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
  ]);
});

describe("RED-02, decision 38: where /start may send a browser back to", () => {
  test.each([
    ["https://a.corp.test/json?x=1", "https://a.corp.test/json?x=1"],
    ["https://corp.test/", "https://corp.test/"],
    ["https://B.CORP.test:443/json", "https://b.corp.test/json"],
    ["https://x.lab.corp.test/json", "https://x.lab.corp.test/json"],
    ["", `${auth}/`],
    ["https://evilcorp.test/", `${auth}/`],
    ["https://corp.test.evil.test/", `${auth}/`],
    ["https://a.corp.test:8443/", `${auth}/`],
    ["http://a.corp.test/", `${auth}/`],
    ["https://a.corp.test@evil.test/", `${auth}/`],
    ["https://user@a.corp.test/", `${auth}/`],
    ["https://evil.test/https://a.corp.test/", `${auth}/`],
    ["//a.corp.test/", `${auth}/`],
    ["/json", `${auth}/`],
    ["javascript:alert(1)", `${auth}/`],
    ["https://a.corp.test\\@evil.test/", `${auth}/`],
    ["https://a.corp.test/outpost.goauthentik.io/sign_out", `${auth}/`],
  ])("%j ends at %s", async (rd, end) => {
    const browser = forward.browser("traefik");
    const stopBefore = (url: string) =>
      !url.startsWith(forward.stack.issuer.issuer) && !url.startsWith(`${auth}/outpost.goauthentik.io/callback?`);
    const headers = { "user-agent": encodeURIComponent(rd) }; // a browser of its own: most of these never bring their session back

    const login = await browser.follow(start + encodeURIComponent(rd), { headers, stopBefore });
    const last = await browser.submit(formOf(login), { user: "alice" }, { headers, stopBefore });

    expect(last.location).toBe(end);
  });
});

test("decision 17: a session is its provider's: under the cookie name of another one it is nothing", async () => {
  const cookie = await forward.cookieOf("alice", "https://a.corp.test/json");
  const ask = (url: string, line: string) =>
    forward.ask(checkRequest("nginx", { method: "GET", url, headers: [["Cookie", line]] }));

  const own = await ask("https://a.corp.test/", cookie);
  const renamed = await ask("https://x.lab.corp.test/", cookie.replace("akproxy_corp", "akproxy_lab"));
  const asSent = await ask("https://x.lab.corp.test/", cookie);

  expect([own.status, renamed.status, asSent.status]).toEqual([200, 401, 401]);
});

test("a host under two cookie domains belongs to the longer one: its login is another one", async () => {
  const browser = forward.browser("traefik");
  await loginAs(browser, "https://a.corp.test/json", "alice");

  const page = await browser.follow("https://x.lab.corp.test/json");

  expect(page.status).toBe(200);
  expect(page.hops.some((hop) => hop.startsWith("https://auth.lab.corp.test/outpost.goauthentik.io/callback?"))).toBe(
    true,
  );
});
