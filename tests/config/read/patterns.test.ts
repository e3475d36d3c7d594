import { expect, test } from "bun:test";
import { parseConfigText } from "../../../src/config/load.ts";
import { isAnchored } from "../../../src/config/read/pattern-width.ts";
import { patternLines } from "../../../src/config/read/patterns.ts";
import { configText, goodEnv, problemLines } from "../problem-lines.ts";

async function providerOf(lines: string) {
  const loaded = await parseConfigText(configText({ provider: lines }), { file: "akproxy.toml", env: goodEnv });
  return { provider: loaded.config?.providers[0], problems: loaded.problems };
}

test("a string has one regex per line; carriage returns and blank lines are ignored", () => {
  expect(patternLines("^/a\r\n\n  \n^/b$\n")).toEqual([
    { pattern: "^/a", offset: 0 },
    { pattern: "^/b$", offset: 9 },
  ]);
});

test("the patterns of a string and of a list are the same, in order", async () => {
  const fromText = await providerOf('skip_path_regex = "^/a\\n\\n^/b$\\r\\n"\nprotect_path_regex = "/secret"');
  const fromList = await providerOf('skip_path_regex = ["^/a", "", "^/b$"]\nprotect_path_regex = ["/secret"]');

  expect(fromText.problems).toEqual([]);
  expect(fromText.provider?.skipPaths.patterns).toEqual(["^/a", "^/b$"]);
  expect(fromText.provider?.protectPaths.patterns).toEqual(["/secret"]);
  expect(fromText.provider?.skipPaths.match("/a/x")).toBe("^/a");
  expect(fromList.provider?.skipPaths.patterns).toEqual(["^/a", "^/b$"]);
});

test("PATH-10: a bad pattern names its provider, its line in a multi-line text, and its offset", async () => {
  const text = configText({ provider: "skip_path_regex = '''\n^/ok\n^/bad[\n'''" });

  expect(await problemLines(text, goodEnv)).toEqual([
    '11:6 error providers.app.skip_path_regex: pattern "^/bad[": error parsing regexp: missing closing ]: `[` at offset 5',
  ]);
});

test("PATH-10: the column counts characters of the file, with escapes and list entries", async () => {
  const text = configText({ provider: 'skip_path_regex = ["^/ok", "^/\\u0061\\\\d["]' });

  const problems = await problemLines(text, goodEnv);

  expect(problems[0]).toStartWith('9:40 error providers.app.skip_path_regex[1]: pattern "^/a\\\\d[":');
});

test("look-around gives advice, not only a syntax error", async () => {
  const { problems } = await providerOf("skip_path_regex = '^/api/(?!private)'");

  expect(problems[0]?.message).toContain("`(?!` at offset 6");
  expect(problems[0]?.hint).toBe(
    'list the public prefixes instead, for example "^/api/public/", or list the protected paths in protect_path_regex; Go\'s regexp has no look-around; try it with: akproxy test-regex',
  );
});

test.each([
  ["health", 'is not anchored: it also matches in the middle of a path, as in "/admin/…"'],
  ["^/a|/b", 'is not anchored: it also matches in the middle of a path, as in "/admin/…"'],
  [".*", "matches everything: every path is public"],
  ["", null],
  ["^", "matches everything: every path is public"],
  ["^/", "matches everything: every path is public"],
  ["^/$", 'matches "/": the start page is public'],
  ["^$", 'matches "/": the start page is public'],
  ["^/(health)?$", 'matches "/": the start page is public'],
  ["  ^/a", "begins or ends with a space, so it matches only paths with that space"],
  ["^/public/", null],
  ["(?i)^/public/", null],
  ["(^/a|^/b)", null],
])("PATH-09: the public pattern %j gives its warning", async (pattern, warning) => {
  const lines = await problemLines(configText({ provider: `skip_path_regex = ['${pattern}']` }), goodEnv);

  const expected = `9:21 warning providers.app.skip_path_regex[0]: pattern ${JSON.stringify(pattern)} ${warning}`;
  expect(lines).toEqual(warning === null ? [] : [expected]);
});

test("protect_path_regex may be wide, because it only protects", async () => {
  expect((await providerOf("protect_path_regex = 'admin'")).problems).toEqual([]);
});

test.each([
  ["^/a", true],
  ["\\A/a", true],
  ["(?i)(^/a|\\A/b)$", true],
  ["(?:^/a)", true],
  ["(?P<x>^/a)", true],
  ["^/a|^/b[|]/c", true],
  ["^/a\\|b", true],
  ["^/\\Q|\\E", true],
  ["/a", false],
  ["(^/a)?/b", false],
  ["^?/a", false],
  ["^/a|b", false],
  ["(^/a|b)", false],
  ["\\^/a", false],
  ["[^]a]b", false],
])("%s is anchored: %p", (pattern, anchored) => {
  expect(isAnchored(pattern)).toBe(anchored);
});
