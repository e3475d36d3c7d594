import { describe, expect, test } from "bun:test";
import type { Config } from "../../../src/core/config.ts";
import { type Explanation, explain, providerFor, type Question } from "../../../src/core/explain/explain.ts";
import { reasonText } from "../../../src/core/explain/explain-reason.ts";
import { anyPeer } from "../../../src/core/explain/explain-request.ts";
import { givenUrl } from "../../../src/core/http/given-url.ts";
import type { AccessRule } from "../../../src/core/provider.ts";
import { compileGoRegExps } from "../../../src/goregexp/compile.ts";
import {
  alice,
  domainProvider,
  outpost,
  proxyProvider,
  singleProvider,
  upstream,
  withPaths,
} from "../../fakes/samples.ts";

const staff = { groups: ["staff"], users: [], emails: ["Alice@Example.test"], emailDomains: [], claims: {} };
const ops: AccessRule = {
  hosts: ["grafana.corp.test"],
  path: compileGoRegExps(["^/admin"]),
  methods: [],
  access: { kind: "allow", allow: { ...staff, groups: ["ops"], emails: [] } },
};
const everything = { hosts: [], path: null, methods: [] };
const deny: AccessRule = { ...everything, hosts: ["*.lab.corp.test"], access: { kind: "deny" } };
const opened: AccessRule = { ...everything, methods: ["OPTIONS"], access: { kind: "public" } };
const login: AccessRule = { ...everything, access: { kind: "login" } };

const config: Config = {
  stateDir: "/state",
  outpostName: "akproxy",
  secrets: null,
  listen: { http: null, https: null, metrics: null },
  trustedProxies: ["10.0.0.0/8"],
  tls: { certificate: null, minVersion: "1.2" },
  sessions: { kind: "memory" },
  limits: {
    requestHeaderBytes: 32_768,
    requestBodyBytes: 0,
    upstreamConnectSeconds: 10,
    upstreamResponseHeaderSeconds: 60,
    streamIdleSeconds: 3600,
    idleSeconds: 120,
    failedCredentials: null,
    drainSeconds: 30,
  },
  log: { level: "info", format: "json" },
  providers: [
    withPaths(proxyProvider({ allow: staff }), ["^/public/"], ["^/public/admin"]),
    singleProvider({ slug: "wiki", externalHost: new URL("https://wiki.corp.test") }),
    domainProvider({ rules: [ops, deny, opened, login] }),
  ],
};

function asked(url: string, different: Partial<Question> = {}): Question {
  const given = givenUrl(url, null);
  if (given.kind === "unusable") throw new Error(given.message);
  return {
    url: given.url,
    method: "GET",
    headers: [],
    peer: null,
    visitor: { kind: "anonymous" },
    outpost,
    ...different,
  };
}

function decidedFor(url: string, different: Partial<Question> = {}) {
  const explanation = explain(config, asked(url, different));
  if (explanation.kind !== "decided") throw new Error(`not decided: ${explanation.kind}`);
  const { chosen, decided } = explanation;
  return { ...decided, slug: chosen.provider.slug, by: chosen.by, reason: reasonText(decided, chosen.provider) };
}

const asAlice = { visitor: { kind: "known", identity: alice(), via: "session" } } as const;

describe("which provider, and why", () => {
  test.each([
    ["https://app.test/", "app", "external_host"],
    ["https://APP.test.:443/", "app", "external_host"],
    ["https://wiki.corp.test/", "wiki", "external_host"],
    ["https://auth.corp.test/", "corp", "external_host"],
    ["https://a.corp.test:8443/", "corp", "cookie_domain"],
  ])("%s is %s, by %s", (url, slug, by) => {
    expect(decidedFor(url)).toMatchObject({ slug, by });
  });

  test("a host that no provider has: those there are", () => {
    expect(explain(config, asked("https://evilcorp.test/"))).toMatchObject({
      kind: "no_provider",
      hosts: ["app.test", "wiki.corp.test", "auth.corp.test", "*.corp.test"],
    });
    expect(providerFor(config, asked("https://evilcorp.test/"))).toBeNull();
  });
});

describe("what decides, in words", () => {
  test.each<[string, Partial<Question>, string, string]>([
    ["https://app.test/x", {}, "login", "no rule and no public path matches"],
    ["https://app.test/x", asAlice, "allowed", 'allow decides, by group "staff"'],
    [
      "https://app.test/x",
      { visitor: { ...asAlice.visitor, identity: alice({ groups: [] }) } },
      "allowed",
      'allow decides, by email "Alice@Example.test"',
    ],
    [
      "https://app.test/x",
      { visitor: { ...asAlice.visitor, identity: alice({ groups: [], email: "" }) } },
      "denied",
      "allow decides; it lists neither the user nor one of the user's groups",
    ],
    ["https://app.test/public/x", {}, "public", 'skip_path_regex "^/public/" matches'],
    ["https://app.test/public/x", asAlice, "public", 'skip_path_regex "^/public/" matches'],
    [
      "https://app.test/public/admin",
      {},
      "login",
      'protect_path_regex "^/public/admin" matches, which wins over skip_path_regex',
    ],
    [
      "https://app.test/public/%2e%2e/x",
      {},
      "login",
      'skip_path_regex "^/public/" matches, but the path contains a dot segment, so it is never public',
    ],
    ["https://wiki.corp.test/", asAlice, "allowed", "every logged-in user may enter: there is no allow"],
    ["https://grafana.corp.test/admin", {}, "login", "rule 1 decides"],
    [
      "https://grafana.corp.test/admin",
      asAlice,
      "denied",
      "rule 1 decides; it lists neither the user nor one of the user's groups",
    ],
    [
      "https://grafana.corp.test//x",
      asAlice,
      "denied",
      "rule 1 decides: the path begins with //, so the rule may be about it; it lists neither the user nor one of the user's groups",
    ],
    ["https://a.lab.corp.test/", asAlice, "denied", "rule 2 decides"],
    ["https://a.corp.test/", { method: "OPTIONS" }, "public", "rule 3 decides"],
    ["https://a.corp.test/", asAlice, "allowed", "rule 4 decides"],
  ])("%s %j is %s: %s", (url, different, is, reason) => {
    expect(decidedFor(url, different)).toMatchObject({ is, reason });
  });

  test("each rule says what it has to do with the request", () => {
    const matches = (url: string, method = "GET") => decidedFor(url, { method }).rules.map(({ match }) => match);

    expect(matches("https://grafana.corp.test/admin")).toEqual([
      "matches",
      "not_reached",
      "not_reached",
      "not_reached",
    ]);
    expect(matches("https://grafana.corp.test/x")).toEqual(["other_path", "other_host", "other_method", "matches"]);
    expect(matches("https://grafana.corp.test//x")).toEqual(["not_told", "other_host", "other_method", "matches"]);
    expect(matches("https://grafana.corp.test//x", "OPTIONS")).toEqual([
      "not_told",
      "other_host",
      "never_opens",
      "matches",
    ]);
  });

  test.each<[string, Partial<Question>, string | null]>([
    ["a bare request", {}, null],
    ["a POST", { method: "POST" }, "its method is POST"],
    ["fetch()", { headers: [["Sec-Fetch-Mode", "cors"]] }, "it has Sec-Fetch-Mode: cors"],
    ["jQuery", { headers: [["x-requested-with", "XMLHttpRequest"]] }, "it has x-requested-with: XMLHttpRequest"],
    ["a program", { headers: [["Accept", "application/json"]] }, "it has Accept: application/json"],
    [
      "a WebSocket",
      {
        headers: [
          ["Connection", "Upgrade"],
          ["Upgrade", "websocket"],
        ],
      },
      "it asks to become a WebSocket",
    ],
    [
      "a credential",
      { headers: [["Authorization", "Bearer x"]] },
      "it has a bearer credential, which explain does not check with the issuer",
    ],
    ["a malformed credential", { headers: [["Authorization", "Basic ?"]] }, "its basic credential is malformed"],
    ["an application's own scheme", { headers: [["Authorization", "Digest x"]] }, null],
  ])("%s: the answer names why no login starts", (_, different, obstacle) => {
    expect(decidedFor("https://app.test/x", different).obstacle).toBe(obstacle);
  });
});

describe("what is never decided", () => {
  test.each<[string, Partial<Question>, object]>([
    [
      "https://app.test/",
      { headers: [["X-Forwarded-Proto", "ftp"]] },
      { kind: "refused", status: 400, reason: "X-Forwarded-Proto does not hold one usable value" },
    ],
    ["https://app.test/", { method: "TRACE" }, { kind: "refused", status: 501 }],
    [
      "https://app.test/",
      { headers: [["Authorization", "Bearer a, Basic b"]] },
      { kind: "refused", status: 400, reason: "Authorization holds more than one credential" },
    ],
    [`https://app.test/${"a".repeat(8192)}`, {}, { kind: "refused", status: 414 }],
    ["https://app.test/outpost.goauthentik.io/start?rd=/", {}, { kind: "endpoint", endpoint: "start" }],
    ["https://app.test/outpost.goauthentik.io/sign_out", {}, { kind: "endpoint", endpoint: "sign_out" }],
    ["https://wiki.corp.test/outpost.goauthentik.io/auth/nginx", {}, { kind: "endpoint", endpoint: "verdict" }],
    ["https://app.test/outpost.goauthentik.io/auth/nginx", {}, { kind: "decided" }],
  ])("%s", (url, different, expected) => {
    expect(explain(config, asked(url, different))).toMatchObject(expected);
  });
});

describe("FWD-03: the trust walk", () => {
  const headers: Question["headers"] = [
    ["X-Forwarded-For", "203.0.113.9, 192.0.2.4, 10.0.0.3"],
    ["X-Forwarded-Host", "wiki.corp.test"],
    ["X-Forwarded-Proto", "http"],
  ];
  const walksOf = (different: Partial<Question>): Explanation["trust"] =>
    explain(config, asked("https://app.test/", different)).trust;

  test("from a trusted peer the hops are read from the right, to the first that is not trusted", () => {
    expect(walksOf({ headers, peer: "10.0.0.1" })).toEqual([
      {
        peer: "10.0.0.1",
        isTrusted: true,
        hops: [
          { text: "10.0.0.3", reading: "trusted proxy" },
          { text: "192.0.2.4", reading: "client" },
          { text: "203.0.113.9", reading: "not read" },
        ],
        client: "192.0.2.4",
        scheme: "http",
        host: "wiki.corp.test",
        refused: null,
      },
    ]);
  });

  test("from another nothing is believed", () => {
    const [walk, ...others] = walksOf({ headers, peer: "192.0.2.1" });

    expect(walk).toMatchObject({ isTrusted: false, client: "192.0.2.1", scheme: "https", host: "app.test" });
    expect(walk?.hops.map(({ reading }) => reading)).toEqual(["not read", "not read", "not read"]);
    expect(others).toEqual([]);
  });

  test("without a peer both are shown, and the decision is for a trusted one", () => {
    expect(walksOf({ headers }).map(({ peer, isTrusted, client }) => ({ peer, isTrusted, client }))).toEqual([
      { peer: null, isTrusted: true, client: "192.0.2.4" },
      { peer: null, isTrusted: false, client: null },
    ]);
    expect(decidedFor("https://app.test/", { headers })).toMatchObject({ slug: "wiki" });
    expect(decidedFor("https://app.test/", { headers, peer: "192.0.2.1" })).toMatchObject({ slug: "app" });
  });

  test("Forwarded is walked where no X-Forwarded-* stands", () => {
    const [walk] = walksOf({
      headers: [["Forwarded", 'for="[2001:db8::1]:80";proto=http, for=10.0.0.3']],
      peer: "10.0.0.1",
    });

    expect(walk).toMatchObject({ client: "2001:db8::1", scheme: "http" });
    expect(walk?.hops.map(({ reading }) => reading)).toEqual(["trusted proxy", "client"]);
  });

  test("the walk ends at a value that is not an address", () => {
    const [walk] = walksOf({ headers: [["X-Forwarded-For", "192.0.2.9, unknown, 10.0.0.3"]], peer: "10.0.0.1" });

    expect(walk?.client).toBe("10.0.0.3");
    expect(walk?.hops.map(({ reading }) => reading)).toEqual(["trusted proxy", "no address", "not read"]);
  });

  test("a request without forwarded headers has none", () => {
    expect(walksOf({})).toEqual([]);
  });
});

describe("what would be sent", () => {
  test("proxy mode: the start of a login that comes back", () => {
    expect(decidedFor("https://app.test/x?a=b").answers).toEqual([
      {
        to: "browser",
        status: 302,
        what: "to the start of a login",
        location: "https://app.test/outpost.goauthentik.io/start?rd=https%3A%2F%2Fapp.test%2Fx%3Fa%3Db",
      },
    ]);
  });

  test("proxy mode: the upstream's request, base path joined", () => {
    const based = proxyProvider({ upstream: { ...upstream, basePath: "/base", unixPath: "/run/app.sock" } });

    const explanation = explain({ ...config, providers: [based] }, asked("https://app.test/x?a=b", asAlice));

    expect(explanation.kind === "decided" ? explanation.decided.passed?.requestLine : null).toBe(
      "GET /base/x?a=b to unix:/run/app.sock",
    );
  });

  test("an upstream that a claim names is refused, not reached", () => {
    const proxy = { backendOverride: "http://169.254.169.254/", hostHeader: null, userAttributes: {} };

    const { answers, passed } = decidedFor("https://app.test/x", {
      visitor: { ...asAlice.visitor, identity: alice({ proxy }) },
    });

    expect(answers[0]?.status).toBe(502);
    expect(passed).toBeNull();
  });

  test("forward modes: each dialect's answer", () => {
    const statuses = (different: Partial<Question>) =>
      decidedFor("https://wiki.corp.test/", different).answers.map(({ to, status }) => `${to} ${status}`);

    expect(statuses({})).toEqual(["nginx 401", "traefik 302", "caddy 302", "forward 302", "envoy 302"]);
    expect(statuses({ method: "POST" })).toEqual(["nginx 401", "traefik 401", "caddy 401", "forward 401", "envoy 401"]);
    expect(statuses(asAlice)).toEqual(["nginx 200", "traefik 200", "caddy 200", "forward 200", "envoy 200"]);
    expect(statuses({ ...asAlice, peer: "192.0.2.1" })).toEqual([
      "nginx 403",
      "traefik 403",
      "caddy 403",
      "forward 403",
      "envoy 403",
    ]);
  });

  test("the address of a peer that is not said has a stand-in", () => {
    expect(decidedFor("https://app.test/x", asAlice).passed?.headers).toContainEqual(["X-Forwarded-For", anyPeer]);
  });
});
