import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { problemText } from "../../../src/core/problem.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

const guarded = `skip_path_regex = ["^/public/", "^/api/"]
protect_path_regex = ["^/api/private"]
allow = { groups = ["staff"] }
rules = [
  { path_regex = "^/admin", allow = { groups = ["ops"] } },
  { path_regex = "^/closed", access = "deny" },
  { path_regex = "^/open", access = "public" },
]
`;

function withExpect(expectation: string): string {
  return configText({ provider: `${guarded}expect = [{ ${expectation} }]\n` });
}

test.each([
  'url = "https://app.company/public/x", is = "public"',
  'url = "/public/x", is = "public"',
  'url = "https://APP.company:443/public/x", is = "public"',
  'url = "/open", is = "public"',
  'url = "/open", is = "public", as = { groups = ["staff"] }',
  'url = "/public/x", is = "public", as = { groups = ["staff"] }',
  'url = "/public/../admin", is = "login"',
  'url = "/public/%2e%2e/admin", is = "login"',
  'url = "/api/private/x", is = "login"',
  'url = "/x", is = "login"',
  'url = "/x", is = "login", method = "POST"',
  'url = "/x", is = "allowed", as = { username = "alice", groups = ["staff"] }',
  'url = "/x", is = "denied", as = { username = "mallory" }',
  'url = "/admin", is = "allowed", as = { groups = ["ops"] }',
  'url = "/admin", is = "denied", as = { groups = ["staff"] }',
  'url = "/closed", is = "denied"',
])("the expectation %s is met", async (expectation) => {
  expect(await problemLines(withExpect(expectation), goodEnv)).toEqual([]);
});

test.each([
  [
    'url = "/api/private/x", is = "public"',
    'GET "/api/private/x" by an anonymous user is login, not public: protect_path_regex "^/api/private" matches, which wins over skip_path_regex',
  ],
  [
    'url = "/public/%2e%2e/x", is = "public"',
    'GET "/public/%2e%2e/x" by an anonymous user is login, not public: rule 1 decides',
  ],
  [
    'url = "/public/x", is = "login", method = "post"',
    'POST "/public/x" by an anonymous user is public, not login: skip_path_regex "^/public/" matches',
  ],
  [
    'url = "/public/x", is = "allowed", as = { username = "alice", groups = ["staff"] }',
    'GET "/public/x" by "alice" is public, not allowed: skip_path_regex "^/public/" matches',
  ],
  [
    'url = "/x", is = "public"',
    'GET "/x" by an anonymous user is login, not public: no rule and no public path matches',
  ],
  ['url = "/x", is = "allowed", as = { username = "eve" }', 'GET "/x" by "eve" is denied, not allowed: allow decides'],
  [
    'url = "/admin/x", is = "allowed", as = {}',
    'GET "/admin/x" by a logged-in user is denied, not allowed: rule 1 decides',
  ],
  ['url = "/closed", is = "login"', 'GET "/closed" by an anonymous user is denied, not login: rule 2 decides'],
])("the expectation %s fails, and the message names what decides", async (expectation, message) => {
  const [line, ...others] = await problemLines(withExpect(expectation), goodEnv);

  expect(line?.replace(/^\S+ /, "")).toBe(`error providers.app.expect[0].is: ${message}`);
  expect(others).toEqual([]);
});

test("a failed expectation gives no config, is reported at its own line, and its hint names explain", async () => {
  const text = `${configText({})}
[[providers.app.expect]]
url = "/"
is = "login"
[[providers.app.expect]]
url = "https://app.company/health"
is = "public"
`;

  const { config, problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(config).toBeNull();
  expect(problems.map(problemText)).toEqual([
    `a.toml:15:6: error: providers.app.expect[1].is: GET "https://app.company/health" by an anonymous user is login, not public: no rule and no public path matches
  hint: correct the rule or the expectation; show the whole decision with: akproxy explain`,
  ]);
});

test.each([
  ["https://other.company/", '"https://other.company/" has a host that no provider has'],
  ["https://two.company/", '"https://two.company/" has a host of provider "two"'],
  ["https://app.company:8443/", '"https://app.company:8443/" has a host that no provider has'],
  ["health", '"health" is neither a URL nor a path'],
  ["https://a b/", '"https://a b/" is neither a URL nor a path'],
])("the URL %s is not a URL of the provider", async (url, message) => {
  const second = '[providers.two]\nmode = "forward_single"\nexternal_host = "https://two.company"\n';
  const text = configText({ provider: `expect = [{ url = "${url}", is = "login" }]`, end: second });

  expect(await problemLines(text, goodEnv)).toEqual([`9:19 error providers.app.expect[0].url: ${message}`]);
});

test("in forward_domain every host under the cookie domain belongs to the provider, unless another provider has it", async () => {
  const text = `${configText({})}
[providers.corp]
mode = "forward_domain"
external_host = "https://auth.company"
cookie_domain = "auth.company"
rules = [{ hosts = ["a.auth.company"], access = "public" }, { access = "login" }]
expect = [
  { url = "https://a.auth.company/x", is = "public" },
  { url = "https://b.auth.company/x", is = "login" },
  { url = "https://app.company/", is = "login" },
]
`;

  expect(await problemLines(text, goodEnv)).toEqual([
    '18:11 error providers.corp.expect[2].url: "https://app.company/" has a host of provider "app"',
  ]);
});

test("expectations are not checked while something else is wrong", async () => {
  const text = configText({ provider: 'session_max = "x"\nexpect = [{ url = "/", is = "public" }]' });

  expect(await problemLines(text, goodEnv)).toEqual(['9:15 error providers.app.session_max: "x" is not a duration']);
});

test("a value from the environment is not shown in a failed expectation", async () => {
  const text = configText({ provider: `expect = [{ url = "/\${CLIENT_SECRET}", is = "public" }]` });

  const { problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(problems.map(problemText).join()).not.toContain("from-the-environment");
  expect(problems).toHaveLength(1);
});
