import { expect, test } from "bun:test";
import { fieldName } from "../../src/wire/field-name.ts";

test("a name is what stands there, the second time, too, in the case it was sent in", () => {
  const text = "Host: a\r\nhost: b\r\nHOST: c\r\n";

  const names = [0, 9, 18, 0, 9, 18].map((from) => fieldName(text, from, from + 4));

  expect(names).toEqual(["Host", "host", "HOST", "Host", "host", "HOST"]);
});

test("names of one length with the same first, middle and last letter are told apart", () => {
  const text = "x-abcd-z:x-xbcx-z:x-abcd-z:";

  const names = [0, 9, 18].map((from) => fieldName(text, from, from + 8));

  expect(names).toEqual(["x-abcd-z", "x-xbcx-z", "x-abcd-z"]);
});

test("a name of more than 64 characters, and a flood of names, come as they were sent", () => {
  const long = `x-${"y".repeat(100)}`;
  const many = Array.from({ length: 5000 }, (_none, index) => `x-${index}`);

  expect(fieldName(`${long}: a`, 0, long.length)).toBe(long);
  expect(many.map((name) => fieldName(`${name}: a`, 0, name.length))).toEqual(many);
});
