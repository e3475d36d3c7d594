import { expect, test } from "bun:test";
import { claimsIn, constantText, parseTemplate, type Template } from "../../../src/core/identity/template.ts";

function template(source: string): Template {
  const read = parseTemplate(source);
  if (read.kind === "problem") throw new Error(read.message);
  return read.template;
}

test.each([
  ["svc-{preferred_username}", ["preferred_username"]],
  ["{a.b.c}-{https://app.test/roles}", ["a.b.c", "https://app.test/roles"]],
  ["{ team |none}", ["team"]],
  ["{{not a claim}}", []],
  ["", []],
])("%j names the claims %j", (source, claims) => {
  expect(claimsIn(template(source))).toEqual(claims);
});

test("what stands behind the bar is the default, spaces, bars and all; nothing is an empty one", () => {
  expect(template("{a|b | c}").parts).toEqual([{ kind: "claim", path: "a", fallback: "b | c" }]);
  expect(template("{a|}").parts).toEqual([{ kind: "claim", path: "a", fallback: "" }]);
  expect(template("{a}").parts).toEqual([{ kind: "claim", path: "a", fallback: null }]);
});

test("doubled braces are braces, one literal with what is around them", () => {
  expect(template("a{{b}}c").parts).toEqual([{ kind: "literal", text: "a{b}c" }]);
  expect(constantText(template("a{{b}}c"))).toBe("a{b}c");
  expect(constantText(template("a{b}c"))).toBeNull();
});

test.each([
  ["svc-{name", 4, 'has a "{" without its other half'],
  ["a}b", 1, 'has a "}" without its other half'],
  ["{}", 0, "has a placeholder without a claim"],
  ["x{|default}", 1, "has a placeholder without a claim"],
  ["{a{b}}", 0, 'has a "{" without its other half'],
])("%j is wrong at offset %i: %s", (source, offset, message) => {
  expect(parseTemplate(source)).toMatchObject({ offset, message });
});
