import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { sealSessionCookie } from "../../../src/seal/session-cookie.ts";
import { openSessions } from "../../../src/sessions/open.ts";
import { idOf, sessionOf } from "../../contract/session-store.ts";
import { runAkproxy } from "../../fakes/run-akproxy.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-explain-"));
const outpostSecret = "canary-secret-of-the-outpost-long-enough";
const token = "canary-head.canary-body.canary-signature";
const id = idOf("alices");
const cookie = sealSessionCookie(openKeys([outpostSecret]), "app", id);
const text = `
state_dir = "${folder}/state"
[outpost]
secret = "${outpostSecret}"
[oidc]
issuer = "https://idp.company.test/"
client_id = "akproxy"
client_secret = "canary-client-secret"
[providers.app]
mode = "proxy"
external_host = "https://app.company.test"
internal_host = "http://127.0.0.1:8080/base?key=canary-key"
skip_path_regex = ["^/public/"]
allow = { groups = ["staff"] }
[providers.wiki]
mode = "forward_single"
external_host = "https://wiki.company.test"
[providers.corp]
mode = "forward_domain"
external_host = "https://auth.company.test"
cookie_domain = "company.test"
[[providers.corp.rules]]
hosts = ["grafana.company.test"]
path_regex = "^/admin"
allow = { groups = ["ops"] }
[[providers.corp.rules]]
path_regex = "^/healthz$"
access = "public"
[[providers.corp.rules]]
access = "login"
`;

beforeAll(async () => {
  write("akproxy.toml", text);
  write("one.toml", text.slice(0, text.indexOf("[providers.wiki]")));
  write(
    "unmet.toml",
    text.replace("[providers.wiki]", '[[providers.app.expect]]\nurl = "/"\nis = "public"\n[providers.wiki]'),
  );
  write("bad.toml", text.replace('mode = "proxy"', 'mode = "prxy"'));
  write("memory.toml", `${text}\n[sessions]\nstore = "memory"\n`);
  const { config } = await loadConfig({ file: join(folder, "akproxy.toml"), env: {} });
  if (config === null) throw new Error("the config of this test is broken");
  const sessions = await openSessions(config.sessions, {
    keys: openKeys([outpostSecret]),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes,
  });
  await sessions.create({ ...sessionOf({ rawToken: token }), id, expiresAt: 4_102_444_800 });
  await sessions.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): void {
  writeFileSync(join(folder, name), content);
  chmodSync(join(folder, name), 0o600);
}

async function explain(...args: readonly string[]) {
  return runAkproxy(["explain", ...args], { cwd: folder });
}

test("proxy mode, nobody: a login is started", async () => {
  expect(await explain("https://app.company.test/x?a=b")).toEqual({
    code: 0,
    stdout: `GET https://app.company.test/x?a=b

  provider  app (proxy), by external_host
  visitor   anonymous
  searched  /x (the decoded path)
  public    no: no pattern of skip_path_regex matches
  verdict   login: no rule and no public path matches
  answer    302 to the start of a login:
            https://app.company.test/outpost.goauthentik.io/start?rd=https%3A%2F%2Fapp.company.test%2Fx%3Fa%3Db
`,
    stderr: "",
  });
});

test("proxy mode, a user: the upstream's request and every header", async () => {
  const { stdout } = await explain("https://app.company.test/x", "--as", "alice", "--groups", "staff, ops");

  expect(stdout).toBe(`GET https://app.company.test/x

  provider  app (proxy), by external_host
  visitor   alice, in staff, ops
  searched  /x (the decoded path)
  public    no: no pattern of skip_path_regex matches
  verdict   allowed: allow decides, by group "staff"
  answer    the upstream's answer

to the upstream: GET /base/x?(hidden) to http://127.0.0.1:8080
  Host: app.company.test
  X-Forwarded-For: <peer>
  X-Forwarded-Host: app.company.test
  X-Forwarded-Proto: https
  X-authentik-username: alice
  X-authentik-groups: staff|ops
  X-authentik-entitlements:
  X-authentik-email:
  X-authentik-name:
  X-authentik-uid:
  X-authentik-jwt:
  X-authentik-meta-jwks: (the issuer's jwks_uri)
  X-authentik-meta-outpost: akproxy
  X-authentik-meta-provider: app
  X-authentik-meta-app: app
  X-authentik-meta-version: goauthentik.io/outpost/${(await import("../../../package.json")).version}
  (empty values come from the claims of a real session: see --cookie)
`);
});

test("forward_single, nobody: each dialect's answer", async () => {
  expect((await explain("https://wiki.company.test/")).stdout).toBe(`GET https://wiki.company.test/

  provider  wiki (forward_single), by external_host
  visitor   anonymous
  searched  / (the decoded path)
  public    no: no pattern of skip_path_regex matches
  verdict   login: no rule and no public path matches
  answer    nginx: 401 which its configuration turns into a redirect to
            https://wiki.company.test/outpost.goauthentik.io/start
            traefik, caddy, forward, envoy: 302 to the login at
            https://idp.company.test/
`);
});

test("forward_domain, denied by a rule that the spelling of the path may be meant by", async () => {
  expect((await explain("https://grafana.company.test//admin", "--as", "alice", "--groups", "staff")).stdout).toBe(
    `GET https://grafana.company.test//admin

  provider  corp (forward_domain), by cookie_domain company.test
  visitor   alice, in staff
  searched  https://grafana.company.test//admin (the whole URL; never public: it
            begins with //)
  rules     1  allow ops: may match, because servers read this path differently, and decides
            2  public: does not match, because servers read this path differently
            3  login: matches
  public    not used: a rule decides
  verdict   denied: rule 1 decides: the path begins with //, so the rule may be
            about it; it lists neither the user nor one of the user's groups
  answer    403 a page that names the refused user (every dialect)
`,
  );
});

test("forward_domain, public by a rule: the headers are there and empty", async () => {
  const { stdout } = await explain("https://b.company.test/healthz", "--method", "post");

  expect(stdout).toContain(
    "  verdict   public: rule 2 decides\n  answer    200 with the headers below (every dialect)\n",
  );
  expect(stdout).toContain("\nheaders of the answer, which the reverse proxy copies\n  X-authentik-username:\n");
  expect(stdout).not.toContain("cannot start");
});

test("a script's request: what keeps a login from being started", async () => {
  const { stdout } = await explain("https://wiki.company.test/", "--header", "X-Requested-With: XMLHttpRequest");

  expect(stdout).toContain(`  login     cannot start: it has X-Requested-With: XMLHttpRequest
  verdict   login: no rule and no public path matches
  answer    401 with WWW-Authenticate: Bearer realm="wiki" and the login URL,
            without a redirect (every dialect)
`);
});

test("forwarded headers: the walk, as from a trusted proxy and as from another peer", async () => {
  const { stdout } = await explain(
    "https://app.company.test/",
    "--header",
    "X-Forwarded-For: 203.0.113.9, 192.0.2.4, 10.0.0.3",
  );

  expect(stdout).toContain(`  peer      a trusted proxy: URL https://app.company.test, client 192.0.2.4
              10.0.0.3: a trusted proxy, the next entry counts
              192.0.2.4: the client: the first from the right that is not a trusted proxy
              203.0.113.9: ignored
  peer      any other peer: forwarded headers are dropped, URL
            https://app.company.test, client the peer itself
`);
});

test("a peer that is not trusted gets no verdict, and is told how it could", async () => {
  const { stdout } = await explain("https://wiki.company.test/", "--peer", "203.0.113.9");

  expect(stdout).toContain(`  answer    403 the peer is not trusted: add "203.0.113.9" to
            listen.trusted_proxies (every dialect)
`);
});

test("a host that no provider has: the nearest, all, and exit 1", async () => {
  expect(await explain("https://ap.company.testt/")).toEqual({
    code: 1,
    stdout: `GET https://ap.company.testt/

  host      ap.company.testt: no provider has this host
            did you mean app.company.test?
  hosts     app.company.test, wiki.company.test, auth.company.test,
            *.company.test
  answer    400, a page or JSON that names the host
`,
    stderr: "",
  });
});

test("one of akproxy's own paths, and a request that is refused at once", async () => {
  const own = await explain("https://app.company.test/outpost.goauthentik.io/sign_out");
  const refused = await explain("https://app.company.test/", "--method", "trace");

  expect(own.stdout).toEndWith("  answer    an endpoint of akproxy: signs the user out\n");
  expect(refused.stdout).toEndWith("  answer    501: method TRACE is not served\n");
  expect([own.code, refused.code]).toEqual([0, 0]);
});

test("a path alone is one of the only provider", async () => {
  expect((await explain("-c", "one.toml", "/x")).stdout).toStartWith("GET https://app.company.test/x\n");
});

test.each([
  ["a value", cookie],
  ["a pair", `__Host-akproxy_app=${cookie}`],
  ["a Cookie header", `Cookie: theme=dark; __Host-akproxy_app=${cookie}`],
])("--cookie as %s is whose session it opens", async (_, given) => {
  const { stdout, code } = await explain("https://app.company.test/x", "--cookie", given);

  expect(code).toBe(0);
  expect(stdout).toContain("  cookie    opens a session\n  visitor   alice, alice@corp.test, in admins, staff\n");
  expect(stdout).toContain('  verdict   allowed: allow decides, by group "staff"\n');
  expect(stdout).not.toContain("empty values come");
});

test.each([
  ["akproxy.toml", "x", "is refused: malformed: a session cookie is 43 characters of"],
  ["akproxy.toml", "theme=dark", "no cookie is named __Host-akproxy_app"],
  ["memory.toml", cookie, "is valid, but its session is in the memory of the running outpost:"],
])("%# a note names a cookie without a session, and the visitor is anonymous", async (file, given, note) => {
  const { stdout, code } = await explain("-c", file, "https://app.company.test/x", "--cookie", given);

  expect(code).toBe(0);
  expect(stdout).toContain(`  cookie    ${note}`);
  expect(stdout).toContain("  visitor   anonymous\n");
});

test("LEAK-08: no secret is printed, in neither form, unless it is asked for", async () => {
  const args = [
    "https://app.company.test/x",
    "--cookie",
    `__Host-akproxy_app=${cookie}; other=canary-cookie`,
    "--header",
    "Authorization: Bearer canary-bearer",
    "--header",
    "X-Api-Key: canary-api-key",
  ];

  const asText = await explain(...args);
  const asJson = await explain(...args, "--json");
  const shown = await explain(...args, "--show-secrets");

  expect(asText.stdout).toContain("  X-authentik-jwt: (hidden, 40 characters)\n");
  expect(asText.stdout + asText.stderr + asJson.stdout + asJson.stderr).not.toMatch(/canary-(?!body)|canary-body/);
  expect(asText.stdout + asJson.stdout).not.toContain(cookie);
  expect(shown.stdout).toContain(`  X-authentik-jwt: ${token}\n`);
  expect(shown.stdout).toContain("GET /base/x?key=canary-key to");
  expect(shown.stdout).not.toContain("canary-client-secret");
  expect(shown.stdout).not.toContain(outpostSecret);
});

test("CK: akproxy's own cookie does not reach the upstream, others do", async () => {
  const { stdout } = await explain(
    "https://app.company.test/x",
    "--cookie",
    `__Host-akproxy_app=${cookie}; theme=dark`,
    "--show-secrets",
  );

  expect(stdout).toContain("  Cookie: theme=dark\n");
});

test("--json has the same, key by key", async () => {
  const { stdout, code } = await explain("https://grafana.company.test/admin?a=b", "--as", "eve", "--json");

  const explanation = JSON.parse(stdout);

  expect(code).toBe(0);
  expect(explanation).toEqual({
    result: "decided",
    request: { method: "GET", url: "https://grafana.company.test/admin?a=b" },
    trust: [],
    provider: { slug: "corp", name: "corp", mode: "forward_domain", chosen_by: "cookie_domain" },
    searched: "https://grafana.company.test/admin?a=b",
    never_public: null,
    not_a_navigation: null,
    visitor: { username: "eve", groups: [], email: "" },
    cookie: null,
    rules: [
      { number: 1, access: "allow", match: "matches" },
      { number: 2, access: "public", match: "not_reached" },
      { number: 3, access: "login", match: "not_reached" },
    ],
    public_path: { kind: "unmatched" },
    verdict: "denied",
    because: { kind: "rule", number: 1 },
    reason: "rule 1 decides; it lists neither the user nor one of the user's groups",
    answers: ["nginx", "traefik", "caddy", "forward", "envoy"].map((to) => ({
      to,
      status: 403,
      what: "a page that names the refused user",
      location: null,
    })),
    upstream_request: null,
    headers: null,
    warnings: [],
  });
});

test.each([
  [["ftp://x/"], '"ftp://x/" is neither a URL nor a path'],
  [["/x"], 'path "/x" alone'],
  [["https://app.company.test/", "--header", "Accept"], '--header: "" does not begin a header line'],
  [["https://app.company.test/", "--header", "A b: c"], '--header: "A b" does not begin a header line'],
  [["https://app.company.test/", "--header", "A: b\nc: d"], '--header: "A" does not begin a header line'],
  [["https://app.company.test/", "--header", "Host: x"], "--header: Host is part of the URL"],
  [["https://app.company.test/", "--method", "GET /"], '--method: "GET /" is not a method'],
  [["https://app.company.test/", "--peer", "localhost"], '--peer: "localhost" is not an address'],
  [["https://app.company.test/", "--as", "a", "--cookie", "b"], "--cookie and --as both name the user"],
  [["https://app.company.test/", "--groups", "a", "--cookie", "b"], "--cookie and --groups both name the user"],
  [[], "missing required argument 'url'"],
])("%j is a usage error", async (args, message) => {
  const { code, stderr, stdout } = await explain(...args);

  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stdout).toBe("");
});

test("a config that can't be used: its errors, 78; none at all: 74", async () => {
  const bad = await explain("-c", "bad.toml", "https://app.company.test/");
  const absent = await explain("-c", "absent.toml", "https://app.company.test/");

  expect([bad.code, absent.code]).toEqual([78, 74]);
  expect(bad.stderr).toContain('bad.toml:10:8: error: providers.app.mode: "prxy" is not an allowed value');
});

test("a config with an unmet expectation is explained, since that is what its hint sends one here for", async () => {
  const { stdout, code } = await explain("-c", "unmet.toml", "https://app.company.test/");

  expect(code).toBe(0);
  expect(stdout).toContain("  verdict   login: no rule and no public path matches\n");
});

test("a URL can't steer the terminal", async () => {
  const { stdout } = await explain("https://app.company.test/x", "--as", "a\u001b[31m\nb");

  expect(stdout).toContain("  visitor   a\\u001b[31m\\u000ab, in no group\n");
});

test("--help ends with two examples", async () => {
  const { stdout, code } = await explain("--help");

  expect(code).toBe(0);
  expect(stdout.trim().split("\n").slice(-3)).toEqual([
    "Examples:",
    "  akproxy explain https://app.company/admin --as alice --groups staff,ops",
    "  akproxy explain https://app.company/api --header 'Accept: application/json' --json",
  ]);
});
