import { expect, test } from "bun:test";
import { parseConfigText } from "../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "./problem-lines.ts";

const second = (host: string) => `[providers.two]
mode = "proxy"
external_host = "${host}"
internal_host = "http://127.0.0.1:8081"
`;

function withHost(first: string, other: string): string {
  return configText({ end: second(other) }).replace("https://app.company", first);
}

test.each([
  ["https://App.test", "https://app.test:443", "app.test"],
  ["https://app.test", "https://app.test.", "app.test"],
  ["https://app.test:8443", "https://APP.test.:8443/", "app.test:8443"],
])("CFG-06: %s and %s are one host", async (first, other, host) => {
  const [line, ...others] = await problemLines(withHost(first, other), goodEnv);

  expect(line).toBe(
    `11:17 error providers.two.external_host: ${JSON.stringify(other)} has the same host as provider "app": ${host}`,
  );
  expect(others).toEqual([]);
});

test("CFG-06: another port or another name is another host", async () => {
  expect(await problemLines(withHost("https://app.test", "https://app.test:8443"), goodEnv)).toEqual([]);
  expect(await problemLines(withHost("https://app.test", "https://app2.test"), goodEnv)).toEqual([]);
});

test("CFG-06: two forward_domain providers cannot guard one domain", async () => {
  const domain = (slug: string, text: string) =>
    `[providers.${slug}]\nmode = "forward_domain"\nexternal_host = "https://${slug}.company.test"\ncookie_domain = "${text}"\n`;
  const text = configText({ end: domain("one", "company.test") + domain("two", ".Company.test") });

  const lines = await problemLines(text, goodEnv);

  expect(lines.filter((line) => line.includes(" error "))).toEqual([
    '16:17 error providers.two.cookie_domain: ".Company.test" is already the cookie domain of provider "one"',
  ]);
});

test("CFG-06: a cookie domain that does not cover its host is not compared with those of other providers", async () => {
  const domain = (slug: string, host: string) =>
    `[providers.${slug}]\nmode = "forward_domain"\nexternal_host = "https://${host}"\ncookie_domain = "company.test"\nrules = [{ access = "login" }]\n`;

  const lines = await problemLines(
    configText({ end: domain("one", "one.company.test") + domain("two", "two.test") }),
    goodEnv,
  );

  expect(lines).toEqual([
    '17:17 error providers.two.cookie_domain: "company.test" does not cover the host of external_host, two.test',
  ]);
});

test("CK-02: a forward_domain provider needs a cookie domain that covers its host", async () => {
  const base = configText({})
    .replace('"proxy"', '"forward_domain"')
    .replace(/internal_host.*\n/, "");
  const wide = `${base}cookie_domain = "co.uk"\n`;

  const without = await problemLines(base, goodEnv);
  const bad = await problemLines(wide, goodEnv);

  expect(without).toContain("5:1 error providers.app.cookie_domain: is required in forward_domain");
  expect(bad).toContain('8:17 error providers.app.cookie_domain: "co.uk" is a public suffix');
});

test("decision 17: the cookie's name follows scheme and domain", async () => {
  const https = await parseConfigText(configText({}), { file: "a.toml", env: goodEnv });
  const http = await parseConfigText(configText({}).replace("https://app.company", "http://localhost:9000"), {
    file: "a.toml",
    env: goodEnv,
  });

  expect(https.config?.providers[0]?.cookie).toEqual({ name: "__Host-akproxy_app", domain: null, secure: true });
  expect(http.config?.providers[0]?.cookie).toEqual({ name: "akproxy_app", domain: null, secure: false });
  expect(http.problems).toEqual([]);
});

test("decision 32: an http:// external_host gives a warning, unless it is loopback", async () => {
  const lines = await problemLines(configText({}).replace("https://app.company", "http://app.company"), goodEnv);

  expect(lines).toEqual([
    '7:17 warning providers.app.external_host: "http://app.company" is not https: the session cookie can be read in transit',
  ]);
});

test("CFG-09: trusting every address is an error, or a warning with danger_trust_any_proxy", async () => {
  const trust = '[listen]\ntrusted_proxies = ["10.0.0.0/8", "0.0.0.0/0", "::/0"]\n';

  const refused = await problemLines(configText({ top: trust }), goodEnv);
  const meant = await problemLines(configText({ top: `${trust}danger_trust_any_proxy = true` }), goodEnv);

  const words = "trusts every address: any client can forge X-Forwarded-For, -Proto and -Host";
  expect(refused).toEqual([
    `2:34 error listen.trusted_proxies[1]: ${words}`,
    `2:47 error listen.trusted_proxies[2]: ${words}`,
  ]);
  expect(meant).toEqual([
    `2:34 warning listen.trusted_proxies[1]: ${words}`,
    `2:47 warning listen.trusted_proxies[2]: ${words}`,
  ]);
});

test.each([
  ["provider", 'cookie_domain = "company"', "cookie_domain: is not allowed in proxy mode"],
  ["provider", 'session_max = "0s"', 'session_max: "0s" is 0'],
  ["provider", 'internal_host_server_name = "a:1"', 'internal_host_server_name: "a:1" is not a DNS name'],
  ["provider", 'name = "a\\nb"', 'name: "a\\nb" is not a valid header value'],
  ["provider", 'claims.groups = "a..b"', 'claims.groups: "a..b" is not a claim name or a dotted path'],
  ["provider", 'ak_proxy.host_header = "a b"', 'ak_proxy.host_header: "a b" is not a host'],
  ["provider", 'scopes = ["a b"]', 'scopes[0]: "a b" is not a scope'],
  ["provider", 'authorize_params = { state = "x" }', "authorize_params.state: cannot be set here"],
  ["provider", 'post_logout_redirect_uri = "/x"', 'post_logout_redirect_uri: "/x" is not an http:// or https:// URL'],
  ["provider", 'allow = { email_domains = ["@a.test"] }', 'allow.email_domains[0]: "@a.test" has an @'],
])("a bad value in a %s is refused: %s", async (_, provider, message) => {
  const [line, ...others] = await problemLines(configText({ provider }), goodEnv);

  expect(line?.replace(/^\S+ /, "")).toBe(`error providers.app.${message}`);
  expect(others).toEqual([]);
});

test.each([
  ['[listen]\nhttp = ""\nhttps = ""', "1:2 error listen: neither http nor https has an address"],
  ['[listen]\nhttp = "0.0.0.0:1"\nhttps = "0.0.0.0:1"', "3:9 error listen.https: has the same address as listen.http"],
  ['[limits]\nrequest_header_bytes = "2MiB"', '2:24 error limits.request_header_bytes: "2MiB" is outside 1KiB to 1MiB'],
  ['[limits]\nrequest_header_bytes = "0"', '2:24 error limits.request_header_bytes: "0" is outside 1KiB to 1MiB'],
  ['[limits]\ndrain = "30"', '2:9 error limits.drain: "30" is not a duration'],
  ['[sessions]\nstore = "mysql://x"', "2:9 error sessions.store: is not a session store"],
  ['[sessions]\nmax = "1y"', '2:7 error sessions.max: "1y" is not a duration'],
  ['state_dir = ""', "1:13 error state_dir: is empty"],
  ['[outpost]\nname = ""', '2:8 error outpost.name: "" is not a valid header value'],
])("%j is refused", async (top, line) => {
  expect(await problemLines(configText({ top }), goodEnv)).toEqual([line]);
});

test("an upstream whose certificate is not verified gives a warning", async () => {
  const text = configText({ provider: "internal_host_ssl_validation = false" }).replace("http://127", "https://127");

  const { config } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(await problemLines(text, goodEnv)).toEqual([
    "9:32 warning providers.app.internal_host_ssl_validation: the upstream's certificate is not verified",
  ]);
  expect(config?.providers[0]).toMatchObject({ upstream: { scheme: "https", verifyTls: false } });
});

test("an allow table that allows nobody gives a warning", async () => {
  expect(await problemLines(configText({ provider: "allow = {}" }), goodEnv)).toEqual([
    "9:1 warning providers.app.allow: allows nobody: every user is denied",
  ]);
});

test("TLS-01: NODE_TLS_REJECT_UNAUTHORIZED=0 is an error", async () => {
  const env = { ...goodEnv, NODE_TLS_REJECT_UNAUTHORIZED: "0" };

  expect(await problemLines(configText({}), env)).toEqual([
    "1:1 error : NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns off every certificate check",
  ]);
  expect(await problemLines(configText({}), { ...goodEnv, NODE_TLS_REJECT_UNAUTHORIZED: "1" })).toEqual([]);
});

test.each([
  [undefined, {}, "/etc/akproxy/akproxy-state"],
  [undefined, { STATE_DIRECTORY: "/var/lib/akproxy:/var/lib/other" }, "/var/lib/akproxy"],
  ["state", { STATE_DIRECTORY: "/var/lib/akproxy" }, "/etc/akproxy/state"],
  ["/srv/state", {}, "/srv/state"],
])("state_dir %p with %j is %s", async (stateDir, env, expected) => {
  const top = stateDir === undefined ? "" : `state_dir = "${stateDir}"`;

  const { config } = await parseConfigText(configText({ top }), {
    file: "/etc/akproxy/config.toml",
    env: { ...goodEnv, ...env },
  });

  expect(config?.stateDir).toBe(expected);
  expect(config?.sessions).toEqual({ kind: "sqlite", file: `${expected}/sessions.sqlite` });
});

test.each([
  ["", true],
  ["[sessions]\nrefresh = true", true],
  ["[sessions]\nrefresh = false", false],
])("with %j a provider refreshes claims: %p", async (top, refreshes) => {
  const { config, problems } = await parseConfigText(configText({ top }), { file: "a.toml", env: goodEnv });

  expect(problems).toEqual([]);
  expect(config?.providers.map(({ refreshesClaims }) => refreshesClaims)).toEqual([refreshes]);
});
