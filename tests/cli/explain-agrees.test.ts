import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, type Outpost } from "../../src/compose/compose.ts";
import { parseConfigText } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import type { Visitor } from "../../src/core/decide/decide.ts";
import { type Explanation, explain } from "../../src/core/explain/explain.ts";
import { dialects } from "../../src/core/forward-auth/dialects.ts";
import { type GivenUrl, givenUrl } from "../../src/core/http/given-url.ts";
import { firstValue, type HeaderLines } from "../../src/core/http/header-lines.ts";
import { isNavigation } from "../../src/core/http/navigation.ts";
import type { Deps } from "../../src/http/deps.ts";
import { outcomeOf } from "../../src/http/wire-handler.ts";
import type { IdentityProvider } from "../../src/ports/identity-provider.ts";
import type { Log } from "../../src/ports/log.ts";
import { sealSessionCookie } from "../../src/seal/session-cookie.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";
import { router } from "../fakes/router.ts";
import { alice } from "../fakes/samples.ts";

const now = 1500;
const folder = mkdtempSync(join(tmpdir(), "akproxy-explain-agrees-"));
const text = `
state_dir = "${folder}"
[sessions]
store = "memory"
[oidc]
issuer = "http://127.0.0.1:1/"
client_id = "akproxy"
[providers.app]
mode = "proxy"
external_host = "https://app.company.test"
internal_host = "http://127.0.0.1:8080/base"
skip_path_regex = ["^/public/"]
protect_path_regex = ["^/public/admin"]
allow = { groups = ["staff"] }
rules = [
  { path_regex = "^/ops", allow = { groups = ["ops"] } },
  { path_regex = "^/closed", access = "deny" },
]
[providers.wiki]
mode = "forward_single"
external_host = "https://wiki.company.test"
skip_path_regex = ["^/public/"]
[providers.corp]
mode = "forward_domain"
external_host = "https://auth.company.test"
cookie_domain = "company.test"
skip_path_regex = ['^https://status\\.company\\.test/']
rules = [
  { hosts = ["grafana.company.test"], path_regex = "^/ops", allow = { groups = ["ops"] } },
  { hosts = ["*.lab.company.test"], access = "deny" },
  { path_regex = "^/healthz$", access = "public" },
]
`;

const idp: IdentityProvider = {
  authorizationUrl: () => Promise.resolve("https://idp.test/authorize?x"),
  redeem: () => Promise.reject(new Error("not asked here")),
  refresh: () => Promise.reject(new Error("not asked here")),
  authenticate: () => Promise.resolve({ kind: "refused", reason: "of the test" }),
  readLogoutToken: () => Promise.reject(new Error("not asked here")),
  endSessionUrl: () => Promise.resolve(null),
  jwksUri: () => "https://idp.test/jwks",
  status: () => ({ ready: true, lastError: null }),
  warmUp: () => undefined,
};

const silent = () => undefined;
const log: Log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, flush: silent };

let outpost: Outpost;
let deps: Deps;
let config: Config;
let made = 0;

beforeAll(async () => {
  const loaded = await parseConfigText(text, { file: join(folder, "akproxy.toml"), env: {} });
  if (loaded.config === null) throw new Error("the config of this test is broken");
  config = loaded.config;
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  outpost = await compose(config, { version: "1.2.3", log, now: () => now, randomBytes });
  deps = { ...outpost.deps(), idpOf: () => idp };
});
afterAll(async () => {
  await outpost.close();
  rmSync(folder, { recursive: true });
});

/** The answer of serve itself: status, where to, and what the application gets. */
interface Fact {
  readonly status: number | null;
  readonly location: string | null;
  readonly headers: HeaderLines;
}

async function served(target: string, headers: HeaderLines, method = "GET", peerAddress = "127.0.0.1"): Promise<Fact> {
  const { result } = await outcomeOf(router, deps, {
    method,
    target,
    headers,
    scheme: "https",
    peerAddress,
    serverName: null,
    hasBody: false,
  });
  if (result.kind === "forward") return { status: null, location: null, headers: result.request.headers };
  if (result.kind === "body") throw new Error("no body is read here");
  return { status: result.status, location: firstValue(result.headers, "location"), headers: result.headers };
}

async function cookieFor(slug: string, visitor: Visitor): Promise<HeaderLines> {
  if (visitor.kind !== "known") return [];
  const provider = config.providers.find((candidate) => candidate.slug === slug);
  if (provider === undefined) return [];
  const id = idOf(`s${made++}`);
  await deps.sessions.create({
    ...sessionOf(),
    id,
    providerSlug: slug,
    identity: visitor.identity,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + 100,
  });
  return [["Cookie", `${provider.cookie.name}=${sealSessionCookie(deps.keys, slug, id)}; theme=dark`]];
}

function explained(
  url: GivenUrl,
  method: string,
  headers: HeaderLines,
  visitor: Visitor,
  peer = "127.0.0.1",
): Extract<Explanation, { kind: "decided" }> {
  const outpostFacts = { outpostName: "akproxy", version: "1.2.3", jwksUri: "https://idp.test/jwks" };
  const explanation = explain(config, { url, method, headers, peer, visitor, outpost: outpostFacts });
  if (explanation.kind !== "decided") throw new Error(`not decided: ${explanation.kind}`);
  return explanation;
}

function urlOf(given: string): GivenUrl {
  const url = givenUrl(given, null);
  if (url.kind === "unusable") throw new Error(url.message);
  return url.url;
}

const visitorIn = (groups: readonly string[]): Visitor => ({
  kind: "known",
  identity: alice({ groups }),
  via: "session",
});
const visitors: readonly (readonly [string, Visitor])[] = [
  ["nobody", { kind: "anonymous" }],
  ["staff", visitorIn(["staff"])],
  ["an operator", visitorIn(["ops", "staff"])],
];
const kinds: readonly (readonly [string, HeaderLines])[] = [
  ["a navigation", [["Accept", "text/html"]]],
  ["a script's request", [["X-Requested-With", "XMLHttpRequest"]]],
  ["a fetch", [["Sec-Fetch-Mode", "cors"]]],
  ["a WebSocket behind a reverse proxy", [["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="]]],
  ["a program's request", [["Authorization", "Basic YTpi"]]],
  [
    "a spoofing request",
    [
      ["X-authentik-username", "root"],
      ["x_authentik_groups", "ops"],
      ["X-Forwarded-For", "192.0.2.9"],
    ],
  ],
];
const paths = [
  "/",
  "/x?a=b&c=%20d",
  "/public/a",
  "/public/admin",
  "/public/%2e%2e/ops",
  "//ops",
  "/ops",
  "/closed",
  "/a;b/ops",
  "/healthz",
];
const hosts = [
  ["app", "app.company.test"],
  ["wiki", "wiki.company.test"],
  ["corp", "grafana.company.test"],
  ["corp", "status.company.test"],
  ["corp", "a.lab.company.test"],
] as const;

const rows = hosts.flatMap(([slug, host]) =>
  visitors.flatMap(([who, visitor]) => kinds.map(([kind, headers]) => ({ slug, host, who, visitor, kind, headers }))),
);

test.each(rows.filter(({ slug }) => slug === "app"))(
  "explain says what serve does in proxy mode: $who, $kind",
  async ({ slug, host, visitor, headers }) => {
    for (const path of paths) {
      const sent = [...headers, ...(await cookieFor(slug, visitor))];
      const { decided } = explained(urlOf(`https://${host}${path}`), "GET", sent, visitor);

      const fact = await served(path, [["Host", host], ...sent]);

      expect(decided.answers.map(({ status, location }) => ({ status, location }))).toEqual([
        { status: fact.status, location: fact.location },
      ]);
      expect(decided.passed?.headers ?? null).toEqual(fact.status === null ? fact.headers : null);
    }
  },
);

test.each(rows.filter(({ slug }) => slug !== "app"))(
  "explain says what serve answers every dialect about $host: $who, $kind",
  async ({ slug, host, visitor, headers }) => {
    for (const path of paths) {
      const url = urlOf(`https://${host}${path}`);
      const sent = [...headers, ...(await cookieFor(slug, visitor))];
      const { decided } = explained(url, "GET", sent, visitor);

      for (const dialect of dialects) {
        const fact = await served(...checkRequest(dialect.name, host, path, sent));

        const answer = decided.answers.find(({ to }) => to === dialect.name);
        expect({ path, dialect: dialect.name, status: answer?.status }).toEqual({
          path,
          dialect: dialect.name,
          status: fact.status,
        });
        expect(authentikLines(decided.passed?.headers ?? [])).toEqual(authentikLines(fact.headers));
      }
    }
  },
);

test("explain says what serve does with the forwarded headers of a peer that is not trusted, in every mode", async () => {
  const anonymous: Visitor = { kind: "anonymous" };
  const peer = "203.0.113.9";
  for (const host of ["app.company.test", "wiki.company.test", "grafana.company.test"]) {
    const headers: HeaderLines = [
      ["X-Forwarded-For", "192.0.2.9"],
      ["X-Forwarded-Host", "status.company.test"],
      ["X-Forwarded-Proto", "ftp"],
    ];
    const { decided } = explained(urlOf(`https://${host}/x`), "GET", headers, anonymous, peer);

    const target = host === "app.company.test" ? "/x" : "/outpost.goauthentik.io/auth/traefik";
    const fact = await served(target, [["Host", host], ...headers], "GET", peer);

    const answer = decided.answers.find(({ to }) => to === "browser" || to === "traefik");
    expect({ host, status: answer?.status, location: answer?.location }).toEqual({
      host,
      status: fact.status,
      location: fact.location,
    });
  }
});

test.each<[string, string, HeaderLines]>([
  ["GET", "/", [["X-Forwarded-Proto", "ftp"]]],
  ["GET", "/", [["X-Forwarded-Host", "a, b"]]],
  ["GET", "/", [["Forwarded", "host"]]],
  ["TRACE", "/", []],
  ["GET", `/${"a".repeat(8192)}`, []],
])("explain refuses what serve refuses at the edge: %s %p %j", async (method, path, headers) => {
  const host = "app.company.test";
  const visitor: Visitor = { kind: "anonymous" };
  const outpostFacts = { outpostName: "akproxy", version: "1.2.3", jwksUri: "https://idp.test/jwks" };
  const asked = { url: urlOf(`https://${host}${path}`), method, headers, peer: "127.0.0.1", visitor };
  const explanation = explain(config, { ...asked, outpost: outpostFacts });

  const fact = await served(path, [["Host", host], ...headers], method);

  expect(explanation.kind === "refused" ? explanation.status : null).toBe(fact.status);
});

/** As the reverse proxy of the dialect asks: its prefix or path, and the headers that tell the original URL. */
function checkRequest(dialect: string, host: string, path: string, sent: HeaderLines): [target: string, HeaderLines] {
  const prefix = `/outpost.goauthentik.io/auth/${dialect}`;
  switch (dialect) {
    case "nginx":
      return [prefix, [["Host", host], ["X-Original-URL", `https://${host}${path}`], ...sent]];
    case "envoy":
      return [`${prefix}${path}`, [["Host", host], ["X-Forwarded-Proto", "https"], ...sent]];
    default:
      return [
        prefix,
        [
          ["Host", "akproxy"],
          ["X-Forwarded-Proto", "https"],
          ["X-Forwarded-Host", host],
          ["X-Forwarded-Uri", path],
          ...sent,
        ],
      ];
  }
}

function authentikLines(lines: HeaderLines): HeaderLines {
  return lines.filter(([name]) => /^(?:x-authentik-|authorization$)/i.test(name));
}

test("the table has navigations and others", () => {
  expect(kinds.map(([, headers]) => isNavigation("GET", headers))).toEqual([true, false, false, false, true, true]);
});
