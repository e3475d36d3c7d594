import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { claimFields } from "../../../src/core/identity/identity-fields.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

async function hintsOf(text: string): Promise<(string | null)[]> {
  const { problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });
  return problems.map((problem) => problem.hint);
}

test.each([
  ["unauthenticated_path = '^/x'", 'use "skip_path_regex" instead'],
  ["skip_path_regx = '^/x'", 'did you mean "skip_path_regex"?'],
  ["externalhost = 'x'", 'did you mean "external_host"?'],
  ["trusted_proxies = []", 'move "trusted_proxies" to [listen]'],
  ["claims.usrname = 'x'", 'did you mean "username"?'],
  ["claims.banana = 'x'", `use one of: ${claimFields.map(({ key }) => key).join(", ")}`],
])("CFG-01: the unknown key in %j is an error with advice", async (provider, hint) => {
  const text = configText({ provider });

  const { config, problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(problems.map(({ message }) => message)).toEqual(["is not a key that akproxy knows"]);
  expect(problems[0]?.hint).toBe(hint);
  expect(config).toBeNull();
});

test("CFG-01: an unknown table is reported at its name", async () => {
  expect(await problemLines(configText({ end: "[sesions]\nmax = 3" }), goodEnv)).toEqual([
    "9:2 error sesions: is not a key that akproxy knows",
  ]);
  expect(await hintsOf(configText({ end: "[sesions]\nmax = 3" }))).toEqual(['did you mean "sessions"?']);
});

test.each([
  ["[listen]\nhttp = 9000", "2:8 error listen.http: must be a string, not a number"],
  ["[listen]\ntrusted_proxies = '10.0.0.0/8'", "2:19 error listen.trusted_proxies: must be a list, not a string"],
  ["[listen]\ntrusted_proxies = [1]", "2:20 error listen.trusted_proxies[0]: must be a string, not a number"],
  ["[listen]\nworkers = 1.5", '2:11 error listen.workers: must be a whole number or "auto", not a number'],
  ["[listen]\nworkers = 0", "2:11 error listen.workers: must be at least 1"],
  [
    "[listen]\ndanger_trust_any_proxy = 'yes'",
    "2:26 error listen.danger_trust_any_proxy: must be true or false, not a string",
  ],
  ["[outpost]\nsecret = 7", "2:10 error outpost.secret: must be a string or a list, not a number"],
  ["[outpost]\nname = 1979-05-27", "2:8 error outpost.name: must be a string, not a date"],
  ["[log]\nlevel = 'warning'", '2:9 error log.level: "warning" is not an allowed value'],
  ["listen = 3", "1:10 error listen: must be a table, not a number"],
  ["[tls]\nmin_version = '1.1'", '2:15 error tls.min_version: "1.1" is not an allowed value'],
])("CFG-01: the wrong value in %j is an error", async (top, line) => {
  expect(await problemLines(configText({ top }), goodEnv)).toEqual([line]);
});

test("CFG-01: the error about an unknown mode lists the known modes", async () => {
  expect(await hintsOf(configText({}).replace('"proxy"', '"reverse"'))).toEqual([
    'use one of "proxy", "forward_single", "forward_domain"',
  ]);
  expect(await hintsOf(configText({}).replace('"proxy"', '"forward-single"'))).toEqual([
    'did you mean "forward_single"? allowed values: "proxy", "forward_single", "forward_domain"',
  ]);
});

test("missing keys are reported at their table", async () => {
  expect(await problemLines(configText({ end: "[providers.two]" }), goodEnv)).toEqual([
    "9:1 error providers.two.mode: is required",
    "9:1 error providers.two.external_host: is required",
  ]);
});

test("a file without a provider is an error", async () => {
  expect(await problemLines("", {})).toEqual(["1:1 error providers: is required"]);
  expect(await problemLines("[providers]", {})).toEqual(["1:2 error providers: has no provider"]);
});

test.each(["App", "my app", "ä", "a.b"])("the slug %p is refused", async (slug) => {
  const text = configText({}).replace("[providers.app]", `[providers.${JSON.stringify(slug)}]`);

  const lines = await problemLines(text, goodEnv);

  expect(lines).toEqual([`5:12 error providers.${JSON.stringify(slug).replace('"App"', "App")}: is not a slug`]);
});

test("CFG-08: __proto__ is an error at every depth, and has no effect", async () => {
  const text = `[__proto__]
listen = { trusted_proxies = ["0.0.0.0/0"], danger_trust_any_proxy = true }
${configText({ provider: '__proto__ = { skip_path_regex = ".*" }\nclaims = { "__proto__" = { uid = "x" } }' })}
[providers.__proto__]
mode = "proxy"
`;

  const { problems } = await parseConfigText(text, { file: "a.toml", env: goodEnv });

  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "__proto__: is not a key that akproxy knows",
    "providers.app.__proto__: is not a key that akproxy knows",
    "providers.app.claims.__proto__: is not a key that akproxy knows",
    "providers.__proto__: is not a key that akproxy knows",
  ]);
  expect(Object.prototype).not.toHaveProperty("skip_path_regex");
  expect(({} as { mode?: string }).mode).toBeUndefined(); // as: to ask a bare object for what must not be there
});

test("properties of Object are unknown keys", async () => {
  const text = configText({ provider: "constructor = 1\nclaims.toString = 'x'" });

  expect(await problemLines(text, goodEnv)).toEqual([
    "9:1 error providers.app.constructor: is not a key that akproxy knows",
    "10:8 error providers.app.claims.toString: is not a key that akproxy knows",
  ]);
});

test("a text that is not TOML is one problem at the place of the parser", async () => {
  expect(await problemLines("a = 1\nb = \n")).toEqual(["2:5 error : not TOML: invalid value"]);
  expect(await problemLines("\u0000")).toHaveLength(1);
  expect(await problemLines("[a]\nx=1\n[a]\n")).toEqual([
    "3:2 error : not TOML: trying to redefine an already defined table or value",
  ]);
});

test.each([
  [`a = ${"[".repeat(5000)}`, "not TOML: document contains excessively nested structures. aborting."],
  [`${"a.".repeat(40)}a = 1`, "tables are nested more than 32 levels deep"],
  [`${"a.".repeat(20000)}a = 1`, "tables are nested more than 32 levels deep"],
  [`[${"a.".repeat(50000)}a]`, "tables are nested more than 32 levels deep"],
])("a text with excessive nesting is one problem", async (text, message) => {
  const { problems } = await parseConfigText(text, { file: "a.toml", env: {} });

  expect(problems.map((problem) => problem.message)).toEqual([message]);
});
