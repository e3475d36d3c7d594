import { expect, test } from "bun:test";
import { loadConfig, parseConfigText } from "../../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

test.each([
  ["listen.workers: 2", "[listen]\nworkers = 2"],
  ['listen.workers: "auto"', '[listen]\nworkers = "auto"'],
])("%s, of %j, is refused as not available yet, not ignored", async (subject, top) => {
  const [line, ...others] = await problemLines(configText({ top }), goodEnv);

  expect(line).toEndWith(`error ${subject} is not available yet`);
  expect(others).toEqual([]);
});

test("the values of these keys that are available are accepted", async () => {
  const top = '[listen]\nworkers = 1\n[limits]\nfailed_credentials = "20/1m"';
  const provider = `intercept_header_auth = false
websocket_logout = "close"
basic_auth_enabled = false
basic_auth_user_attribute = ""
rules = []
expect = []
ak_proxy = { host_header = "{internal_host}", backend_override = "", backend_override_hosts = [], user_attributes = {} }`;

  const { config, problems } = await parseConfigText(configText({ top, provider }), { file: "a.toml", env: goodEnv });

  expect(problems).toEqual([]);
  expect(config?.providers[0]?.hostHeader).toBe("{internal_host}");
});

test("the example uses nothing that is not available yet", async () => {
  const { problems } = await loadConfig({ file: "config.example.toml", env: goodEnv });

  expect(problems).toEqual([]);
});

test.each([
  ['http = ":9000"\nhttps = ""', '2:8 error listen.http: ":9000" is not an address'],
  ['http = 9000\nhttps = "0.0.0.0:9000"', "2:8 error listen.http: must be a string, not a number"],
])("a wrong listener address is one problem: %j", async (lines, problem) => {
  expect(await problemLines(configText({ top: `[listen]\n${lines}` }), goodEnv)).toEqual([problem]);
});
