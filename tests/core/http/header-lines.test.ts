import { expect, test } from "bun:test";
import {
  allValues,
  firstValue,
  type HeaderLines,
  listMembers,
  withoutNames,
} from "../../../src/core/http/header-lines.ts";

const lines: HeaderLines = [
  ["X-One", "a, B,"],
  ["x-two", "t"],
  ["X-ONE", " ,c "],
];

test("names are compared in any case, and values stay as sent", () => {
  expect(firstValue(lines, "x-one")).toBe("a, B,");
  expect(firstValue(lines, "X-Two")).toBe("t");
  expect(firstValue(lines, "x-three")).toBeNull();
  expect(allValues(lines, "x-ONE")).toEqual(["a, B,", " ,c "]);
  expect(allValues(lines, "x-three")).toEqual([]);
});

test("list members come from every line, trimmed, in lower case, without empty ones", () => {
  expect(listMembers(lines, "x-one")).toEqual(["a", "b", "c"]);
});

test("lines are removed by their lower-case name, and the others keep order and spelling", () => {
  expect(withoutNames(lines, (name) => name === "x-two")).toEqual([
    ["X-One", "a, B,"],
    ["X-ONE", " ,c "],
  ]);
});
