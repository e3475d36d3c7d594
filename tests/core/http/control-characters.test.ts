import { expect, test } from "bun:test";
import { hasControlCharacter, withoutControlCharacters } from "../../../src/core/http/control-characters.ts";

test("HDR-10: exactly C0, DEL and C1 are control characters", () => {
  const found = Array.from({ length: 0x3000 }, (_, unit) => unit).filter((unit) =>
    hasControlCharacter(`a${String.fromCharCode(unit)}b`),
  );

  expect(found).toEqual(Array.from({ length: 0x41 }, (_, index) => (index < 0x20 ? index : index - 0x20 + 0x7f)));
});

test("HDR-10: each control character goes, the rest stays", () => {
  expect(withoutControlCharacters("\u0000a\u001f\u007fb\u0085c \u00a0\u009f")).toBe("abc \u00a0");
});
