import { expect, test } from "bun:test";
import { editDistance, nearest } from "../../../src/config/schema/nearest.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "", 3],
  ["kitten", "sitting", 3],
  ["ab", "ba", 1],
  ["client_secrt", "client_secret", 1],
])("from %p to %p it is %d edits", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test("the nearest name ignores case and hyphens, and an unrelated word has none", () => {
  const known = ["mode", "external_host", "internal_host"];

  expect(nearest("External-Host", known)).toBe("external_host");
  expect(nearest("intrenal_host", known)).toBe("internal_host");
  expect(nearest("banana", known)).toBeNull();
  expect(nearest("x", known)).toBeNull();
});
