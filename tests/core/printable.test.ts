import { expect, test } from "bun:test";
import { printable } from "../../src/core/printable.ts";

test.each([
  ["an escape sequence", "a\u001b[2Jb", "a\\u001b[2Jb"],
  ["a line feed, a NUL and a DEL", "a\n\u0000\u007f", "a\\u000a\\u0000\\u007f"],
  ["a C1 control, which some terminals obey", "\u009b31m", "\\u009b31m"],
  ["a line separator and a mark that turns the direction of text", "a\u2028\u202eb", "a\\u2028\\u202eb"],
  ["letters of any script", "Zoë 山田 😀", "Zoë 山田 😀"],
])("%s", (_name, text, shown) => {
  expect(printable(text)).toBe(shown);
});
