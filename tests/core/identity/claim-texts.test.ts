import { expect, test } from "bun:test";
import { claimText, claimTexts, keptClaims } from "../../../src/core/identity/claim-texts.ts";

test.each([
  ["a text", { c: "it" }, ["it"]],
  ["a number", { c: 7 }, ["7"]],
  ["true", { c: true }, ["true"]],
  ["a list", { c: ["it", 7, false] }, ["it", "7", "false"]],
  ["an object of objects, its keys", { c: { admin: { "123": "acme.test" }, dev: {} } }, ["admin", "dev"]],
  ["an empty text", { c: "" }, []],
  ["null", { c: null }, []],
  ["nothing", {}, []],
  ["an object", { c: { a: 1 } }, []],
  ["a list of lists", { c: [["a"], { b: 1 }, null] }, []],
  ["control characters", { c: ["a\r\nb", "\u0000", "ok"] }, ["ok"]],
])("the texts of %s", (_what, claims, texts) => {
  expect(claimTexts(claims, "c")).toEqual(texts);
});

test.each([
  ["a text", { c: "a|b" }, "a|b"],
  ["a list is joined", { c: ["a", "b", 3] }, "a|b|3"],
  ["HDR-11: an item that would become two is left out", { c: ["a|admins", "b"] }, "b"],
  ["a list of which nothing is left", { c: ["a|b"] }, null],
  ["an empty list", { c: [] }, null],
  ["an empty text", { c: "" }, null],
  ["an object", { c: {} }, null],
  ["false", { c: false }, "false"],
])("in a template: %s", (_what, claims, text) => {
  expect(claimText(claims, "c")).toBe(text);
});

test("of the claims only those that are named and there are kept, by their paths, without a prototype", () => {
  const claims = { department: "it", realm_access: { roles: ["admin", "dev"] }, phone: "555" };

  const kept = keptClaims(claims, ["department", "realm_access.roles", "nothing", "__proto__"]);

  expect(JSON.stringify(kept)).toBe('{"department":["it"],"realm_access.roles":["admin","dev"]}');
  expect(Object.getPrototypeOf(kept)).toBeNull();
});
