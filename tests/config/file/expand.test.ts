// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${VAR} is the config's own syntax
import { expect, test } from "bun:test";
import { expandText } from "../../../src/config/file/expand.ts";
import { parseConfigText } from "../../../src/config/load.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

const env = { HOST: "idp", EMPTY: "", TRICKY: "${HOST} $$ $&" };

test.each([
  ["plain", "plain"],
  ["https://${HOST}/", "https://idp/"],
  ["${HOST}${HOST}", "idpidp"],
  ["${NONE:-x}", "x"],
  ["${EMPTY:-x}", "x"],
  ["${NONE:-}", ""],
  ["${HOST:-x}", "idp"],
  ["a$$b", "a$b"],
  ["$${HOST}", "${HOST}"],
  ["$HOST ^a$", "$HOST ^a$"],
  ["${TRICKY}", "${HOST} $$ $&"],
  ["${EMPTY}", ""],
])("%s expands to %p", (text, expanded) => {
  expect(expandText(text, env)).toEqual({ kind: "ok", value: expanded });
});

test.each([
  ["${NONE}", "the environment variable NONE is not set"],
  ["${", 'has a "${" that is not a variable'],
  ["${HOST", 'has a "${" that is not a variable'],
  ["${}", 'has a "${" that is not a variable'],
  ["${1A}", 'has a "${" that is not a variable'],
  ["${HOST-x}", 'has a "${" that is not a variable'],
])("%s cannot be expanded", (text, why) => {
  expect(expandText(text, env)).toMatchObject({ kind: "wrong", message: why });
});

test("an unset variable is an error that names the variable and the key, and the key is not reported as missing too", async () => {
  const text = configText({}).replace("https://app.company", "https://${APP}.company");

  expect(await problemLines(text, goodEnv)).toEqual([
    "7:17 error providers.app.external_host: the environment variable APP is not set",
  ]);
});

test("a regex keeps its dollar signs", async () => {
  const text = configText({ provider: "skip_path_regex = ['^/a$', '^/${HOST}$$']\nprotect_path_regex = '^/b$$'" });

  const { config } = await parseConfigText(text, { file: "x.toml", env: goodEnv });

  expect(config?.providers[0]?.skipPaths.patterns).toEqual(["^/a$", "^/${HOST}$$"]);
  expect(config?.providers[0]?.protectPaths.patterns).toEqual(["^/b$$"]);
});
