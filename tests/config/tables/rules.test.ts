import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

const domainText = configText({})
  .replace('"proxy"', '"forward_domain"')
  .replace("https://app.company", "https://auth.company.test")
  .replace(/internal_host.*/, 'cookie_domain = "company.test"');

async function rulesOf(rules: string) {
  const text = `${domainText}${rules}`;
  const { config, problems } = await parseConfigText(text, { file: "akproxy.toml", env: goodEnv });
  return { rules: config?.providers[0]?.rules, problems };
}

test("rules are read in order, hosts in lower case, methods in upper case", async () => {
  const { rules, problems } = await rulesOf(`
[[providers.app.rules]]
hosts = ["Grafana.company.test.", "*.LAB.company.test"]
path_regex = '^/admin(?:$|/)'
methods = ["post", "PURGE"]
allow = { groups = ["ops"] }
[[providers.app.rules]]
access = "deny"
`);

  expect(problems).toEqual([]);
  expect(rules?.map(({ path, ...rule }) => ({ ...rule, path: path?.patterns }))).toEqual([
    {
      hosts: ["grafana.company.test", "*.lab.company.test"],
      path: ["^/admin(?:$|/)"],
      methods: ["POST", "PURGE"],
      access: { kind: "allow", allow: { groups: ["ops"], users: [], emails: [], emailDomains: [], claims: {} } },
    },
    { hosts: [], path: undefined, methods: [], access: { kind: "deny" } },
  ]);
});

test.each([
  ['{ path_regex = "^/a" }', "rules[0]: has neither allow nor access"],
  ['{ access = "deny", allow = { users = ["a"] } }', "rules[0]: has both allow and access"],
  ['{ access = "open" }', 'rules[0].access: "open" is not an allowed value'],
  ['{ hosts = ["a.company.test:8443"], access = "deny" }', 'rules[0].hosts[0]: "a.company.test:8443" has a port'],
  [
    '{ hosts = ["https://a.company.test"], access = "deny" }',
    'rules[0].hosts[0]: "https://a.company.test" is not a host',
  ],
  ['{ hosts = ["*"], access = "deny" }', 'rules[0].hosts[0]: "*" is not a host'],
  ['{ hosts = ["a.*.company.test"], access = "deny" }', 'rules[0].hosts[0]: "a.*.company.test" is not a host'],
  ['{ methods = ["GET POST"], access = "deny" }', 'rules[0].methods[0]: "GET POST" is not a method'],
  ['{ methods = [""], access = "deny" }', 'rules[0].methods[0]: "" is not a method'],
  ['{ path_regex = "^/a\\n^/b", access = "deny" }', "rules[0].path_regex: has a line break"],
  ['{ path = "/a", access = "deny" }', "rules[0].path: is not a key that akproxy knows"],
  ['{ allow = { email_domains = ["@a.test"] } }', 'rules[0].allow.email_domains[0]: "@a.test" has an @'],
])("a rule %s is refused", async (rule, message) => {
  const { problems } = await rulesOf(`rules = [${rule}]`);

  expect(problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)).toEqual([
    `error providers.app.${message}`,
  ]);
});

test("PATH-10: a bad path_regex is reported at its character, with a hint", async () => {
  const { problems } = await rulesOf(`
[[providers.app.rules]]
path_regex = "^/api/(?!private)"
access = "login"
`);

  expect(problems[0]?.message).toStartWith('pattern "^/api/(?!private)": error parsing regexp:');
  expect(problems[0]?.hint).toStartWith("list the public prefixes instead");
  expect(problems[0]?.place).toMatchObject({ line: 11, column: 21 });
});

test.each([
  ['{ access = "public" }', ["[0]: has no hosts and no path_regex: everything is public"]],
  ['{ access = "public", methods = ["GET"] }', ["[0]: has no hosts and no path_regex: everything is public"]],
  ['{ access = "public", methods = ["OPTIONS"] }', []],
  ['{ access = "public", hosts = ["status.company.test"] }', []],
  ['{ access = "login" }, { access = "deny" }', ["[0]: matches every request: the rule after it is never reached"]],
  [
    '{ access = "login" }, { access = "deny" }, { access = "deny" }',
    [
      "[0]: matches every request: the 2 rules after it are never reached",
      "[1]: matches every request: the rule after it is never reached",
    ],
  ],
  ['{ access = "login", methods = ["GET"] }, { access = "deny" }', []],
  ['{ access = "login" }', []],
  ["{ allow = {} }", ["[0].allow: allows nobody: every user is denied"]],
  [
    '{ access = "deny", hosts = ["app.other.test"] }',
    ['[0].hosts[0]: "app.other.test" is not a host of this provider, so this rule never applies'],
  ],
  ['{ access = "deny", hosts = ["*.test"] }', []],
  ['{ access = "deny", hosts = ["company.test", "*.company.test", "*.lab.company.test"] }', []],
  [
    '{ access = "deny", hosts = ["xcompany.test"] }',
    ['[0].hosts[0]: "xcompany.test" is not a host of this provider, so this rule never applies'],
  ],
  [
    '{ access = "public", path_regex = "login" }',
    ['[0].path_regex: pattern "login" is not anchored: it also matches in the middle of a path, as in "/admin/…"'],
  ],
  ['{ access = "deny", path_regex = "login" }', []],
])("the rules %s give their warnings", async (rules, warnings) => {
  const { problems } = await rulesOf(`rules = [${rules}]`);

  expect(problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)).toEqual(
    warnings.map((warning) => `warning providers.app.rules${warning}`),
  );
});

test("in proxy mode the only host of a rule is the external host", async () => {
  const lines = await problemLines(
    configText({ provider: 'rules = [{ hosts = ["app.company", "*.company", "b.company"], access = "deny" }]' }),
    goodEnv,
  );

  expect(lines).toEqual([
    '9:49 warning providers.app.rules[0].hosts[2]: "b.company" is not a host of this provider, so this rule never applies',
  ]);
});

test("CFG-10: forward_domain without rules and allow gives a warning that every user may enter every host", async () => {
  const open = await problemLines(domainText, goodEnv);
  const meant = await problemLines(`${domainText}rules = [{ access = "login" }]`, goodEnv);
  const allowed = await problemLines(`${domainText}allow = { groups = ["staff"] }`, goodEnv);

  expect(open).toEqual([
    "6:8 warning providers.app.mode: every user may enter every host under company.test: the provider has neither rules nor allow",
  ]);
  expect(meant).toEqual([]);
  expect(allowed).toEqual([]);
});
