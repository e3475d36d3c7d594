import { expect, test } from "bun:test";
import { lintGoRegExp } from "../../src/goregexp/lint.ts";

function kindsOf(pattern: string): readonly string[] {
  return lintGoRegExp(pattern).map((lint) => lint.kind);
}

test.each(["health", "/health$", "(?i)health", "^/a|/b", "(^/a)?/b", "(^/a|b)/c", "x*^/a|/b"])(
  "PATH-09: %p is unanchored",
  (pattern) => {
    expect(kindsOf(pattern)).toEqual(["unanchored"]);
  },
);

test.each([
  "^/public/",
  "\\A/public/",
  "(?i)^/public",
  "^/a|^/b",
  "(^/a)|(^/b)",
  "(?P<x>^/a)/b",
  "(?m)^/a",
  "(?:^/a|\\A/b)/c",
  "^^/a",
  "^/$",
  "^https://app\\.company/health",
])("PATH-09: %p is anchored and has no lint", (pattern) => {
  expect(kindsOf(pattern)).toEqual([]);
});

test.each(["", ".*", "/", "^", "$", "a*", "^.*$", "x|", "^/", "^https?://"])(
  "PATH-09: %p matches everything",
  (pattern) => {
    expect(kindsOf(pattern)).toEqual(["matches_everything"]);
  },
);

test.each(["^/(health)?$", "^/(index\\.html|favicon\\.ico)?$"])("PATH-09: %p matches the front page", (pattern) => {
  expect(kindsOf(pattern)).toEqual(["matches_root"]);
});

test("PATH-09: a dot between the labels of a host is reported with its offset", () => {
  const lints = lintGoRegExp("^https?://app\\.my.company/x.y");

  expect(lints).toEqual([
    {
      kind: "unescaped_dot",
      message:
        '"^https?://app\\.my.company/x.y" has an unescaped "." in its host at offset 17, which matches any character',
      hint: 'write "^https?://app\\.my\\.company/x.y" (in TOML best in single quotes)',
    },
  ]);
});

test("PATH-09: a wildcard in a host is intended, and has no lint", () => {
  expect(kindsOf("^https://.*\\.company/health")).toEqual([]);
  expect(kindsOf("^https://[^./]+\\.company/health")).toEqual([]);
  expect(kindsOf("^https://\\Qapp.company\\E/health")).toEqual([]);
});

test("look-around gets the advice that fits it", () => {
  expect(lintGoRegExp("^/api/(?!private)")).toEqual([
    {
      kind: "look_around",
      message: '"^/api/(?!private)" has "(?!" at offset 6, which Go\'s regexp does not support',
      hint: 'list the public prefixes instead, or put what must stay closed into protect_path_regex, for example "^/api/private"',
    },
  ]);
  expect(lintGoRegExp("^/a(?=b)")[0]?.hint).toBe(
    "leave it out: akproxy only searches for the pattern, the text around the match does not matter",
  );
});

test("an escaped, quoted or bracketed look-around is not one, and another error has no lint", () => {
  expect(kindsOf("^/\\(?!x")).toEqual([]);
  expect(kindsOf("^/[(?!]x")).toEqual([]);
  expect(kindsOf("^/[z-a]")).toEqual([]);
});
