import { expect, test } from "bun:test";
import { digestOf, lengthPrefixed, macOf, sameBytes, sameSecret, splitLengthPrefixed } from "../../src/seal/digest.ts";
import { openKeys } from "../../src/seal/keys.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("keys are HKDF-SHA256 of the secret with the purpose and the slug as info, the same at every start", () => {
  const [key] = openKeys(["0123456789abcdef0123456789abcdef"]).derive("session cookie", "app");

  expect(hex(key)).toBe("6db343c7ccaa6014ae0bcc201036fbd1a72dbb19df3cac7c8daf9badc8126bda");
});

test("another secret, purpose or slug gives another key", () => {
  const keys = openKeys(["first secret", "second secret"]);

  const all = [
    ...keys.derive("session cookie", "a"),
    ...keys.derive("session cookie", "b"),
    ...keys.derive("login attempt", "a"),
    ...keys.derive("session body"),
    ...keys.derive("session summary"),
    ...keys.derive("subject index"),
    ...keys.derive("idp session index"),
  ];

  expect(all.map((key) => key.length)).toEqual(Array.from({ length: 14 }, () => 32));
  expect(new Set(all.map(hex)).size).toBe(14);
});

test("without any secret there are no keys", () => {
  expect(() => openKeys([])).toThrow("outpost: secret: the list is empty");
});

test("SES-05: fields that would join to the same text are different bytes, and read back as they were", () => {
  expect(lengthPrefixed(["a", "b|c"])).not.toEqual(lengthPrefixed(["a|b", "c"]));
  expect(lengthPrefixed(["ab", ""])).not.toEqual(lengthPrefixed(["a", "b"]));
  expect(lengthPrefixed(["a", ""])).not.toEqual(lengthPrefixed(["a"]));
  expect(splitLengthPrefixed(lengthPrefixed(["ä", "", "x".repeat(300)]))).toEqual(["ä", "", "x".repeat(300)]);
  expect(splitLengthPrefixed(new Uint8Array([0, 0, 0, 2, 65]))).toBeNull();
  expect(splitLengthPrefixed(new Uint8Array([0, 0, 0]))).toBeNull();
});

test("LEAK-06: the comparisons work for equal and unequal texts, also of different lengths", () => {
  expect(sameBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
  expect(sameBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
  expect(sameBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2, 3]))).toBe(false);
  expect(sameSecret("s", "s")).toBe(true);
  expect(sameSecret("s", "S")).toBe(false);
  expect(sameSecret("s", "ss")).toBe(false);
  expect(sameSecret("", "s")).toBe(false);
});

test("digestOf is SHA-256 in base64url, macOf HMAC-SHA256 of the fields", () => {
  expect(digestOf("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  expect(hex(macOf(new Uint8Array(32), ["a"]))).not.toBe(hex(macOf(new Uint8Array(32), ["b"])));
  expect(macOf(new Uint8Array(32), ["a"]).length).toBe(32);
});
