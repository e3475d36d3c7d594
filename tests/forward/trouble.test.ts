import { afterAll, describe, expect, test } from "bun:test";
import { Failure } from "../../src/core/failure.ts";
import { firstValue, type HeaderLine } from "../../src/core/http/header-lines.ts";
import { randomToken } from "../../src/seal/random-token.ts";
import { sealSessionCookie } from "../../src/seal/session-cookie.ts";
import { singleApp } from "../fakes/sample-config.ts";
import { checkRequest, type DialectName, withInstead } from "./check-request.ts";
import { startBareOutpost } from "./outpost.ts";

const dialects = ["nginx", "traefik", "caddy", "envoy", "forward"] as const;

const outpost = await startBareOutpost({ providers: `${singleApp}skip_path_regex = "^/public/"` });
afterAll(() => outpost.close());

const asking = (dialect: DialectName, path: string, headers: readonly HeaderLine[]) =>
  checkRequest(dialect, {
    method: "GET",
    url: `https://app.test${path}`,
    headers: [["Sec-Fetch-Mode", "cors"], ...headers],
  });

const name = "__Host-akproxy_app";
const sealed = () => sealSessionCookie(outpost.deps.keys, "app", randomToken(outpost.deps.randomBytes));

describe("FWD-09, CK-06: a cookie without a valid session is ignored", () => {
  const malformed: readonly string[] = [
    "",
    "=",
    ";",
    name,
    `${name}=`,
    `${name}=x`,
    `${name}=.`,
    `${name}=${"A".repeat(43)}.${"A".repeat(43)}`,
    `${name}=%00`,
    `${name}=%zz`,
    `${name}="quoted"`,
    `${name}={"id":"x"}`,
    `${name}=\u00ff\u00fe`,
    `${name}=${"x".repeat(20_000)}`,
    `${name}=x; ${name}=y; ${name}=z; ${name}=a; ${name}=b`,
    Array.from({ length: 300 }, (_, index) => `c${index}=${index}`).join("; "),
    "__proto__=1; constructor=1; toString=1",
    `=${name}=x`,
    `$Version=1; ${name}=x`,
    `\t${name} =\tx`,
    `${name}_login_=x`,
    `${name}_login_zzzz_AAAAAAAAAAAA=x`,
  ];

  test.each(malformed.map((cookie) => [cookie.slice(0, 60), cookie] as const))("%j", async (_shown, cookie) => {
    for (const dialect of dialects) {
      const answer = await outpost.ask(asking(dialect, "/private", [["Cookie", cookie]]));
      const open = await outpost.ask(asking(dialect, "/public/x", [["Cookie", cookie]]));

      expect([answer.status, open.status]).toEqual([401, 200]);
      expect(firstValue(open.headers, "x-authentik-username")).toBe("");
    }
  });

  test("a well sealed cookie of a session that the store does not have is none", async () => {
    const answer = await outpost.ask(asking("traefik", "/private", [["Cookie", `${name}=${sealed()}`]]));

    expect(answer.status).toBe(401);
  });

  test("the seal of another provider is none", async () => {
    const other = sealSessionCookie(outpost.deps.keys, "other", randomToken(outpost.deps.randomBytes));

    expect((await outpost.ask(asking("traefik", "/private", [["Cookie", `${name}=${other}`]]))).status).toBe(401);
  });
});

describe("FWD-10: while the store fails, nobody who shows a session gets in", () => {
  const failing = {
    get: () => Promise.reject(new Failure("store_unavailable", "sessions: the disk is gone")),
  };
  const broken = { get: () => Promise.reject(new TypeError("a bug")) };

  test.each([
    ["nginx", 500],
    ["traefik", 503],
    ["caddy", 503],
    ["envoy", 503],
    ["forward", 503],
  ] as const)("%s is told %p", async (dialect, status) => {
    const sessions = { ...outpost.deps.sessions, ...failing };
    const cookie: HeaderLine = ["Cookie", `${name}=${sealed()}`];

    const answer = await outpost.ask(asking(dialect, "/private", [cookie]), "127.0.0.1", { sessions });
    const nobody = await outpost.ask(asking(dialect, "/private", []), "127.0.0.1", { sessions });
    const open = await outpost.ask(asking(dialect, "/public/x", []), "127.0.0.1", { sessions });

    expect(answer.status).toBe(status);
    expect(answer.headers.filter(([each]) => /^(x-authentik-.*|set-cookie|location)$/i.test(each))).toEqual([]);
    expect(firstValue(answer.headers, "cache-control")).toBe("no-store");
    expect([nobody.status, open.status]).toEqual([401, 200]);
  });

  test.each(dialects)("%s is told 500 of a bug of ours", async (dialect) => {
    const sessions = { ...outpost.deps.sessions, ...broken };

    const answer = await outpost.ask(asking(dialect, "/private", [["Cookie", `${name}=${sealed()}`]]), "127.0.0.1", {
      sessions,
    });

    expect(answer.status).toBe(500);
  });
});

test.each([
  ["nginx", 401],
  ["traefik", 503],
  ["caddy", 503],
  ["envoy", 503],
  ["forward", 503],
] as const)(
  "FWD-10: while the issuer does not answer, %s is told %p of a login that would start",
  async (dialect, status) => {
    const check = checkRequest(dialect, {
      method: "GET",
      url: "https://app.test/x",
      headers: [["Accept", "text/html"]],
    });

    expect((await outpost.ask(check)).status).toBe(status);
  },
);

describe("FWD-14: bytes that are no text in a header nobody reads", () => {
  test.each(dialects)("%s: still a verdict", async (dialect) => {
    const odd: readonly HeaderLine[] = [
      ["X-Odd", "\u00ff\u00fe\u0080"],
      ["User-Agent", "\u00ff"],
      ["x-envoy-original-path", "/public/x"],
    ];

    expect((await outpost.ask(asking(dialect, "/private", odd))).status).toBe(401);
    expect((await outpost.ask(asking(dialect, "/public/x", odd))).status).toBe(200);
  });

  test("raw bytes in the told URL are the UTF-8 they are", async () => {
    expect((await outpost.ask(asking("traefik", "/public/\u00c3\u00a4", []))).status).toBe(200);
    expect((await outpost.ask(asking("nginx", "/public/\u00ff", []))).status).toBe(401);
    expect((await outpost.ask(asking("envoy", "/public/\u00ff", []))).status).toBe(401);
  });
});

test.each([
  ["/admin/../public/x"],
  ["/admin/%2e%2e/public/x"],
  ["/./public/x"],
  ["\\public/x"],
  ["/..\\public/x"],
  ["//public/x"],
  ["/public/x#y"],
])("PATH-03: envoy asks about %s as it was sent: it is not resolved into a public path", async (path) => {
  const { status } = await outpost.ask(asking("envoy", path, []));

  expect([400, 401]).toContain(status);
});

describe("FWD-06, DOS-03: a told URL of 20 KiB", () => {
  test.each([
    ["nginx", 401],
    ["traefik", 400],
    ["caddy", 400],
    ["forward", 400],
  ] as const)("%s is told %p, on a public path too", async (dialect, status) => {
    const long = `/public/${"x".repeat(20_480)}`;

    expect((await outpost.ask(asking(dialect, long, []))).status).toBe(status);
  });

  test("envoy is told 414", async () => {
    expect((await outpost.ask(asking("envoy", `/public/${"x".repeat(20_480)}`, []))).status).toBe(414);
  });
});

test("decision 25: the log of a missing URL names the headers, the peer and the command that shows the right ones", async () => {
  await outpost.ask({ method: "GET", target: "/outpost.goauthentik.io/auth/traefik", headers: [["Host", "x.test"]] });

  const event = "configuration error: the reverse proxy does not send the original URL";
  expect(outpost.logLines.findLast((line) => line["event"] === event)).toMatchObject({
    level: "error",
    dialect: "traefik",
    peer: "127.0.0.1",
    missing: "X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri",
    hint: "compare its configuration with: akproxy snippet traefik SLUG",
  });
});

test("a rule about methods that refuses because the method is not told says so in the log, and which header is missing", async () => {
  const closed = await startBareOutpost({
    providers: `
[providers.app]
mode = "forward_single"
external_host = "https://app.test"
rules = [{ path_regex = "^/x", access = "login" }, { methods = ["POST"], access = "deny" }]
`,
  });
  const check = checkRequest("nginx", { method: "POST", url: "https://app.test/", headers: [] });

  const answer = await closed.ask({ ...check, headers: withInstead(check.headers, { "X-Original-Method": "" }) });
  await closed.close();

  expect(answer.status).toBe(403);
  expect(closed.logLines.findLast((line) => line["level"] === "warn")).toMatchObject({
    event: "the reverse proxy does not send the method, so a rule about methods applies",
    provider: "app",
    rule: 2,
    hint: "make it send X-Original-Method; see: akproxy snippet nginx app",
  });
});
