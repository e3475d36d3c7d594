import { describe, expect, test } from "bun:test";
import { checkGoRegExp, compileGoRegExps } from "../../src/goregexp/compile.ts";

const corpus = (await Bun.file(`${import.meta.dir}/../corpus/go-regexp.tsv`).text())
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [pattern = "", input = "", outcome = "", offset] = line.split("\t");
    return { pattern, shown: input, input: JSON.parse(`"${input}"`) as string, outcome, offset }; // a JSON string is a string
  });

describe("PATH-11: a pattern means what it means in Go", () => {
  const rows = corpus.filter(({ offset }) => offset === undefined);
  test.each(rows)('$pattern on "$shown": $outcome', ({ pattern, input, outcome }) => {
    const found = compileGoRegExps([pattern]).match(input);

    expect(found).toBe(outcome === "match" ? pattern : null);
  });
});

describe("PATH-10: a pattern that Go refuses is refused, with Go's message and the place", () => {
  const rows = corpus.filter(({ offset }) => offset !== undefined);
  test.each(rows)("$pattern: $outcome at $offset", ({ pattern, outcome, offset }) => {
    const error = checkGoRegExp(pattern);

    expect(error).toEqual({ message: `error parsing regexp: ${outcome}`, offset: Number(offset) });
    expect(() => compileGoRegExps(["^/a", pattern])).toThrow();
  });
});

test("the corpus has rows of every outcome", () => {
  expect(corpus.length).toBeGreaterThan(190);
  expect(corpus.filter(({ offset }) => offset !== undefined).length).toBeGreaterThan(50);
});

test("differs from Go: two groups with the same name are refused, at the second", () => {
  expect(checkGoRegExp("(?P<n>a)|(?P<n>b)")).toEqual({
    message: "error parsing regexp: duplicate capture group name: `n`",
    offset: 13,
  });
});

test("of several matching patterns the first in order is returned; without one, null", () => {
  const set = compileGoRegExps(["^/c", "^/a", "a"]);

  expect(set.match("/a")).toBe("^/a");
  expect(set.match("/xa")).toBe("a");
  expect(set.match("/c/a")).toBe("^/c");
  expect(set.match("/x")).toBeNull();
});

test("no patterns match nothing", () => {
  expect(compileGoRegExps([]).match("")).toBeNull();
});

test("an open \\Q in one pattern does not reach into the next", () => {
  const set = compileGoRegExps(["^/\\Qa", "^/b"]);

  expect(set.match("/b")).toBe("^/b");
});
