import { expect, test } from "bun:test";
import { printable } from "../../src/core/printable.ts";

test.each([
  ["an escape sequence", "a\u001b[2Jb", "a\\u001b[2Jb"],
  ["a line feed, a NUL and a DEL", "a\n\u0000\u007f", "a\\u000a\\u0000\\u007f"],
  ["a C1 control, which some terminals obey", "\u009b31m", "\\u009b31m"],
  ["letters of any script", "Zoë 山田 😀", "Zoë 山田 😀"],
])("%s", (_name, text, shown) => {
  expect(printable(text)).toBe(shown);
});
