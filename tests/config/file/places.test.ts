import { expect, test } from "bun:test";
import { createLocate, stringOffsets } from "../../../src/config/file/places.ts";
import type { Path, Spot } from "../../../src/config/findings.ts";

const text = `a.b = "x"

[p.q]
s = """
one
two"""
t = { x = 1, y.z = [10, "v"] }
[[p.q.r]]
k = 1
[[p.q.r]]
k = [
  'a',
  'bc'
]
"quo ted" = 1
`;

test.each([
  [["a"], { kind: "key" }, "1:1"],
  [["a", "b"], { kind: "key" }, "1:3"],
  [["a", "b"], { kind: "value" }, "1:7"],
  [["p", "q"], { kind: "key" }, "3:4"],
  [["p", "q", "missing"], { kind: "value" }, "3:1"],
  [["p", "q", "s"], { kind: "value" }, "4:5"],
  [["p", "q", "s"], { kind: "character", offset: 5 }, "6:2"],
  [["p", "q", "t", "x"], { kind: "key" }, "7:7"],
  [["p", "q", "t", "y", "z", 1], { kind: "value" }, "7:25"],
  [["p", "q", "r", 0, "k"], { kind: "value" }, "9:5"],
  [["p", "q", "r", 1, "missing"], { kind: "value" }, "10:1"],
  [["p", "q", "r", 1, "k", 1], { kind: "character", offset: 1 }, "13:5"],
  [["p", "q", "r", 1, "quo ted"], { kind: "key" }, "15:1"],
  [["nowhere"], { kind: "value" }, "1:1"],
  [["x"], { kind: "place", line: 3, column: 9 }, "3:9"],
] as readonly (readonly [Path, Spot, string])[])("%j %j stands at %s", async (path, spot, place) => {
  const locate = await createLocate(text);

  const { line, column } = locate(path, spot);

  expect(`${line}:${column}`).toBe(place);
});

test.each([
  [`"ab"`, [1, 2, 3]],
  [`'a\\b'`, [1, 2, 3, 4]],
  [String.raw`"a\tb"`, [1, 2, 4, 5]],
  [String.raw`"\u0041b"`, [1, 7, 8]],
  [String.raw`"\U0001F600b"`, [1, 1, 11, 12]],
  [String.raw`"\x41b"`, [1, 5, 6]],
  [`'''\nab'''`, [4, 5, 6]],
  [`"""\r\na"""`, [5, 6]],
  [`"""a\\\n   b"""`, [3, 9, 10]],
  [`""`, [1]],
] as const)("the units of %j begin where they are written", (token, offsets) => {
  expect(stringOffsets(token)).toEqual([...offsets]);
});
