import { describe, expect, test } from "bun:test";
import { headerValue } from "../../../src/core/http/header-value.ts";

describe("headerValue", () => {
  test.each([
    ["Alice Example", "Alice Example", "Alice Example", "Alice Example"],
    ["", "", "", ""],
    ["100%", "100%", "100%25", "100%"],
    ['a"b\\c|d', 'a"b\\c|d', 'a"b\\c|d', 'a"b\\c|d'],
    ["Zo\u00eb", "Zo\u00c3\u00ab", "Zo%C3%AB", "=?UTF-8?B?Wm/Dqw==?="],
    ["\u5c71\u7530", "\u00e5\u00b1\u00b1\u00e7\u0094\u00b0", "%E5%B1%B1%E7%94%B0", "=?UTF-8?B?5bGx55Sw?="],
    ["\u{1f600}", "\u00f0\u009f\u0098\u0080", "%F0%9F%98%80", "=?UTF-8?B?8J+YgA==?="],
    ["\ud800", "\u00ef\u00bf\u00bd", "%EF%BF%BD", "=?UTF-8?B?77+9?="],
  ])("HDR-09: %j is bytes in each encoding", (text, utf8, percent, rfc2047) => {
    expect(headerValue(text, "utf8")).toBe(utf8);
    expect(headerValue(text, "percent")).toBe(percent);
    expect(headerValue(text, "rfc2047")).toBe(rfc2047);
  });

  test.each([["a\r\nX-Admin: 1"], ["a\nb"], ["a\rb"], ["a\u0000"], ["\u001b[31m"], ["a\u007f"], ["a\tb"]])(
    "HDR-10: %j can't be a value in any encoding",
    (text) => {
      expect(headerValue(text, "utf8")).toBeNull();
      expect(headerValue(text, "percent")).toBeNull();
      expect(headerValue(text, "rfc2047")).toBeNull();
    },
  );
});
