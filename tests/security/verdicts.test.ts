import { afterAll, describe, expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { header, requestText, sendRaw } from "../fakes/raw-client.ts";
import { startStack } from "../journeys/stack.ts";

const stack = await startStack({
  store: "memory",
  providers: `[providers.app]
mode = "forward_single"
external_host = "http://app.test"
skip_path_regex = ["^/public", "\\\\.css$"]`,
});
afterAll(() => stack.stop());

/** The answer to a reverse proxy that sends the original URL in these headers. */
async function told(endpoint: string, headers: HeaderLines, host = "app.test") {
  const text = requestText(`GET /outpost.goauthentik.io/auth/${endpoint} HTTP/1.1`, [["Host", host], ...headers]);
  const { answers } = await sendRaw(stack.port, text);
  return answers[0] ?? { status: 0, headers: [], body: "" };
}

const nginx = (target: string, more: HeaderLines = []) =>
  told("nginx", [["X-Original-URL", `http://app.test${target}`], ...more]);
const traefik = (target: string, more: HeaderLines = []) =>
  told("traefik", [
    ["X-Forwarded-Proto", "http"],
    ["X-Forwarded-Host", "app.test"],
    ["X-Forwarded-Uri", target],
    ...more,
  ]);

describe("PATH-16: the outpost's endpoints in an original URL open no other path", () => {
  test.each([
    ["/outpost.goauthentik.io/../admin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/%2e%2e/admin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/..;/admin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/..%2fadmin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/..%5cadmin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/..\\admin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/x/%252e%252e/%252e%252e/admin?X-authentik-logout=true"],
    ["/outpost.goauthentik.io/ping/../../admin"],
    ["/outpost.goauthentik.io/start/../../admin"],
    ["/outpost.goauthentik.io/start%2f..%2f..%2fadmin"],
    ["/outpost.goauthentik.io/../admin?X-authentik-auth-callback=true&state=a&code=b"],
    ["/admin?X-authentik-logout=true"],
    ["/admin?X-authentik-auth-callback=true&state=a&code=b"],
  ])("%s is not a 2xx, for nginx and for the others", async (target) => {
    expect((await nginx(target)).status).toBe(401);
    expect([302, 400, 401, 403]).toContain((await traefik(target)).status);
  });

  test("an nginx lets the browser through to the endpoints themselves", async () => {
    expect((await nginx("/outpost.goauthentik.io/start?rd=/x")).status).toBe(200);
    expect((await nginx("/outpost.goauthentik.io/callback?code=a&state=b")).status).toBe(200);
    expect((await nginx("/outpost.goauthentik.io/sign_out")).status).toBe(200);
  });
});

describe("a second header with the original URL, which a client can send if the reverse proxy sets only the first", () => {
  test("X-Original-URL and X-Original-URI that disagree are refused", async () => {
    expect((await nginx("/admin", [["X-Original-URI", "/public"]])).status).toBe(401);
    expect((await nginx("/public", [["X-Original-URI", "/admin"]])).status).toBe(401);
    expect((await nginx("/public?a", [["X-Original-URI", "/public?a"]])).status).toBe(200);
  });

  test("none of the other names is read", async () => {
    const spoofs: HeaderLines = [
      ["X-Forwarded-Uri", "/public"],
      ["X-Rewrite-URL", "/public"],
      ["X-Envoy-Original-Path", "/public"],
      ["X_Original_URL", "http://app.test/public"],
    ];

    expect((await nginx("/admin", spoofs)).status).toBe(401);
    expect(
      (
        await traefik("/admin", [
          ["X-Original-URL", "http://app.test/public"],
          ["X-Original-URI", "/public"],
          ["X-Forwarded-Prefix", "/public"],
        ])
      ).status,
    ).toBe(302);
  });

  test("FWD-05: two lines of one are refused", async () => {
    expect((await nginx("/admin", [["X-Original-URL", "http://app.test/public"]])).status).toBe(401);
    expect(
      (
        await told("nginx", [
          ["X-Original-URI", "/public"],
          ["X-Original-URI", "/admin"],
        ])
      ).status,
    ).toBe(401);
    expect((await told("nginx", [["X-Original-URI", "/public"]])).status).toBe(200);
    expect([400, 401]).toContain((await traefik("/admin", [["X-Forwarded-Uri", "/public"]])).status);
    expect([400, 401]).toContain((await traefik("/public", [["x-forwarded-uri", "/public"]])).status);
  });
});

test.each([
  ["/public/../admin"],
  ["/public/%2e%2e/admin"],
  ["/public/%2e%2e;/admin"],
  ["/public/..%2fadmin"],
  ["//public"],
  ["/admin;a.css"],
  ["/admin%3ba.css"],
  ["/admin?x=/public"],
  ["/public%23"],
  ["/public/%zz"],
])("PATH-02 to PATH-08: the original target %s is public for no reverse proxy", async (target) => {
  expect((await nginx(target)).status).toBe(401);
  expect((await traefik(target)).status).toBe(302);
});

test("HDR-14: a public 2xx carries every identity header, those of the user and the token empty", async () => {
  const answer = await nginx("/public", [["X-authentik-username", "root"]]);

  const own = answer.headers.filter(([name]) => /^x-authentik-/i.test(name));
  expect(answer.status).toBe(200);
  expect(own).toHaveLength(identityHeaderNames.length);
  expect(own.filter(([name]) => !/meta/i.test(name)).map(([, value]) => value)).toEqual(
    identityHeaderNames.filter((name) => !/meta/i.test(name)).map(() => ""),
  );
  expect(header(answer, "cache-control")).toBe("no-store");
});
