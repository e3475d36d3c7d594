import { describe, expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import type { Provider } from "../../../src/core/provider.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

async function built(provider: string, env: Record<string, string> = {}): Promise<Provider> {
  const text = configText({ provider });
  const { config, problems } = await parseConfigText(text, { file: "a.toml", env: { ...goodEnv, ...env } });
  const [first] = config?.providers ?? [];
  if (first === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  return first;
}

const problems = (provider: string) => problemLines(configText({ provider }), goodEnv);

test("the ak_proxy table of the specification is read completely", async () => {
  const provider = await built(`
[providers.app.ak_proxy]
backend_override = "http://foo.bar.baz/{preferred_username}"
host_header = "my-internal-host"
backend_override_hosts = ["foo.bar.baz", "10.0.0.1:8080", "[0:0::1]:81", "*.svc.local"]
[providers.app.ak_proxy.user_attributes]
app_username = "svc-{preferred_username}"
level = 3
deep = { list = ["{a.b}", true] }
[providers.app.ak_proxy.user_attributes.additionalHeaders]
X-test-header = "test-value"
X-App-User = "{preferred_username}"
`);

  expect(provider.mode === "proxy" && provider.overrideHosts).toEqual([
    { kind: "host", hostname: "foo.bar.baz", port: null },
    { kind: "host", hostname: "10.0.0.1", port: 8080 },
    { kind: "host", hostname: "[::1]", port: 81 },
    { kind: "below", suffix: "svc.local" },
  ]);
  expect(provider.hostHeader).toBe("my-internal-host");
  expect(provider.akProxy.hostHeader).toBeNull();
  expect(provider.akProxy.backendOverride?.source).toBe("http://foo.bar.baz/{preferred_username}");
  expect(Object.keys(provider.akProxy.userAttributes)).toEqual(["app_username", "level", "deep", "additionalHeaders"]);
  expect(provider.akProxy.userAttributes["deep"]).toMatchObject({
    kind: "table",
    entries: { list: { kind: "list", items: [{ kind: "text" }, { kind: "value", value: true }] } },
  });
});

test("a host_header with a claim is filled in at login; the value of an environment variable is a template too", async () => {
  const provider = await built(`ak_proxy.host_header = "{tenant}.$${"{ZONE}"}"`, { ZONE: "{zone}.internal" });

  expect(provider.hostHeader).toBeNull();
  expect(provider.akProxy.hostHeader?.source).toBe("{tenant}.{zone}.internal");
});

describe("a wrong value in ak_proxy is an error at its place", () => {
  test.each([
    [
      'ak_proxy.host_header = "a{b"',
      '9:26 error providers.app.ak_proxy.host_header: "a{b" has a "{" without its other half',
    ],
    ['ak_proxy.host_header = "a b"', '9:24 error providers.app.ak_proxy.host_header: "a b" is not a host'],
    [
      'ak_proxy.host_header = "{internal_host}:80"',
      '9:24 error providers.app.ak_proxy.host_header: "{internal_host}:80" has {internal_host} beside other text',
    ],
    [
      'ak_proxy.user_attributes.x = "{}"',
      "9:31 error providers.app.ak_proxy.user_attributes.x: has a placeholder without a claim",
    ],
    ["ak_proxy.user_attributes.x = 2026-01-01", "9:30 error providers.app.ak_proxy.user_attributes.x: is a date"],
    [
      'ak_proxy.user_attributes.additionalHeaders = "x"',
      "9:46 error providers.app.ak_proxy.user_attributes.additionalHeaders: must be a table of header names and values",
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders.Host = "x"',
      "9:44 error providers.app.ak_proxy.user_attributes.additionalHeaders.Host: belongs to the message itself",
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders."a b" = "x"',
      '9:44 error providers.app.ak_proxy.user_attributes.additionalHeaders."a b": is not a header name',
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders.X-authentik-meta-app = "x"',
      "9:44 error providers.app.ak_proxy.user_attributes.additionalHeaders.X-authentik-meta-app: may be set by akproxy only",
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders.X-Forwarded-For = "x"',
      "9:44 error providers.app.ak_proxy.user_attributes.additionalHeaders.X-Forwarded-For: is a forwarding header",
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders.X-A = ["x"]',
      "9:50 error providers.app.ak_proxy.user_attributes.additionalHeaders.X-A: must be a text, a number, true or false",
    ],
    [
      'ak_proxy.user_attributes.additionalHeaders.X-A = "x\\ny"',
      "9:50 error providers.app.ak_proxy.user_attributes.additionalHeaders.X-A: has a control character",
    ],
    [
      'ak_proxy.backend_override = "http://foo.test/{sub}"',
      "9:29 error providers.app.ak_proxy.backend_override: has no effect without backend_override_hosts",
    ],
    ...[
      ["ftp://foo.test/{sub}", "is not an http:// or https:// URL"],
      ["foo.test/{sub}", "is not an http:// or https:// URL"],
      ["http:///{sub}", "is not an http:// or https:// URL"],
      ["http://u@foo.test/{sub}", "has a user name, a query, a fragment or white space"],
      ["http://foo.test/?u={sub}", "has a user name, a query, a fragment or white space"],
      ["http://foo.test/{sub}#f", "has a user name, a query, a fragment or white space"],
    ].map(
      ([override = "", what = ""]) =>
        [
          `ak_proxy = { backend_override = "${override}", backend_override_hosts = ["foo.test"] }`,
          `9:33 error providers.app.ak_proxy.backend_override: ${JSON.stringify(override.replace("//u@", "//…@"))} ${what}`,
        ] as const,
    ),
    ...[
      ["http://other.test/{sub}", 'names the host "other.test", which backend_override_hosts does not list'],
      ["http://other.test", 'names the host "other.test", which backend_override_hosts does not list'],
      ["http://foo.test/../{sub}", "has a path that contains a dot segment"],
      ["http://0x7f.1/{sub}", "has an address in an unusual spelling"],
    ].map(
      ([override, what]) =>
        [
          `ak_proxy = { backend_override = "${override}", backend_override_hosts = ["foo.test"] }`,
          `9:33 error providers.app.ak_proxy.backend_override: ${what}`,
        ] as const,
    ),
    ...["http://foo.test", "a b", "foo.test/x", "*.", "*.a:80", "*foo", "*.[::1]"].map(
      (entry) =>
        [
          `ak_proxy.backend_override_hosts = ["${entry}"]`,
          `9:36 error providers.app.ak_proxy.backend_override_hosts[0]: "${entry}" ${entry === "*.a:80" ? "has a port after a wildcard" : "is not a host"}`,
        ] as const,
    ),
  ])("%s", async (provider, line) => {
    expect(await problems(provider)).toEqual([line]);
  });
});

test('"*" in backend_override_hosts is a warning, not an error', async () => {
  expect(await problems('ak_proxy.backend_override_hosts = ["*"]')).toEqual([
    "9:36 warning providers.app.ak_proxy.backend_override_hosts[0]: allows every host: a user who controls the claim decides where requests go",
  ]);
});

test("an override is an error in the forward modes", async () => {
  const text = configText({})
    .replace(/mode = "proxy"/, 'mode = "forward_single"')
    .replace(/internal_host.*\n/, "");

  const lines = await problemLines(
    `${text}ak_proxy = { backend_override = "http://a/", backend_override_hosts = ["a"] }`,
    goodEnv,
  );

  expect(lines).toEqual([
    "8:33 error providers.app.ak_proxy.backend_override: is not allowed in forward_single",
    "8:71 error providers.app.ak_proxy.backend_override_hosts: is not allowed in forward_single",
  ]);
});

test("decision 29: basic_auth_enabled needs a password attribute, and its attributes need it", async () => {
  const enabled = await built('basic_auth_enabled = true\nbasic_auth_password_attribute = "pw"');

  expect(enabled.basicAuth).toEqual({ userAttribute: "", passwordAttribute: "pw" });
  expect(await problems("basic_auth_enabled = true")).toEqual([
    "9:22 error providers.app.basic_auth_enabled: needs basic_auth_password_attribute",
  ]);
  expect(await problems('basic_auth_user_attribute = "u"')).toEqual([
    "9:29 warning providers.app.basic_auth_user_attribute: has no effect while basic_auth_enabled is false",
  ]);
});

test("allow and rules on claims: a text or a list, and each claim is kept with a session once", async () => {
  const provider = await built(`
allow = { claims = { department = "it", "realm_access.roles" = ["admin", "ops"] } }
rules = [{ path_regex = "^/x", allow = { claims = { department = ["hr"], tenant = ["t1"] } } }, { access = "login" }]
`);

  expect(provider.allow?.claims).toEqual({ department: ["it"], "realm_access.roles": ["admin", "ops"] });
  expect(provider.keptClaims).toEqual(["department", "realm_access.roles", "tenant"]);
});

test.each([
  ["allow = { claims = { a = [] } }", "9:1 warning providers.app.allow: allows nobody: every user is denied"],
  [
    'allow = { claims = { ".a" = ["b"] } }',
    '9:22 error providers.app.allow.claims.".a": is not a claim name or a dotted path',
  ],
  [
    'allow = { claims = { realm_access.roles = ["b"] } }',
    "9:43 error providers.app.allow.claims.realm_access: must be a string or a list, not a table",
  ],
])("%s gives a problem", async (provider, line) => {
  expect(await problems(provider)).toContain(line);
});

test("an expectation may set the claims of a user", async () => {
  const provider = `
allow = { claims = { department = ["it"] } }
expect = [
  { url = "/", as = { username = "a", claims = { department = "it" } }, is = "allowed" },
  { url = "/", as = { username = "b", claims = { department = "hr" } }, is = "denied" },
]`;

  expect(await problems(provider)).toEqual([]);
  expect(await problems(provider.replace('"hr"', '["hr", "it"]'))).toHaveLength(1);
});

test("groups_filter is in Go's syntax, and variables are not expanded in it", async () => {
  const provider = await built('groups_filter = ["^app$$", "^b$"]');

  expect(provider.groupsFilter.patterns).toEqual(["^app$$", "^b$"]);
  expect(await problems('groups_filter = "(?!a)"')).toHaveLength(1);
});

test("an override is not compared with a list of hosts that has a wrong entry", async () => {
  const lines = await problems('ak_proxy = { backend_override = "http://a.test/", backend_override_hosts = ["b c"] }');

  expect(lines).toEqual(['9:77 error providers.app.ak_proxy.backend_override_hosts[0]: "b c" is not a host']);
});
