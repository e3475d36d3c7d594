import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { openKeys } from "../../src/seal/keys.ts";
import { randomToken } from "../../src/seal/random-token.ts";
import { openSessionCookie, sealSessionCookie } from "../../src/seal/session-cookie.ts";

const keys = openKeys(["a secret of the outpost, long enough"]);
const id = "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK";

test("SES-01, SES-02: 10,000 ids are different, of 43 characters of base64url, 32 bytes of the given source each", () => {
  const asked: number[] = [];
  const source = (count: number) => {
    asked.push(count);
    return randomBytes(count);
  };

  const ids = Array.from({ length: 10_000 }, () => randomToken(source));

  expect(new Set(ids).size).toBe(10_000);
  expect(ids.filter((one) => !/^[A-Za-z0-9_-]{43}$/.test(one))).toEqual([]);
  expect(new Set(asked)).toEqual(new Set([32]));
});

test("a session cookie opens at its provider and gives back the id", () => {
  const value = sealSessionCookie(keys, "app", id);

  expect(value).toMatch(/^AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK\.[A-Za-z0-9_-]{43}$/);
  expect(openSessionCookie(keys, "app", value)).toEqual({ ok: true, id, keyIndex: 0 });
});

test("SES-05: the cookie of provider A is refused at B, though the secret is the same", () => {
  expect(openSessionCookie(keys, "b", sealSessionCookie(keys, "a", id))).toEqual({
    ok: false,
    reason: "wrong_key_or_provider",
  });
});

test("SES-12: a cookie of an old secret opens while the secret is listed, with the index of the secret; without it, it does not open", () => {
  const old = sealSessionCookie(openKeys(["the old secret"]), "app", id);

  expect(openSessionCookie(openKeys(["the new secret", "the old secret"]), "app", old)).toEqual({
    ok: true,
    id,
    keyIndex: 1,
  });
  expect(openSessionCookie(openKeys(["the new secret"]), "app", old)).toEqual({
    ok: false,
    reason: "wrong_key_or_provider",
  });
});

test("every change of one character of a session cookie is refused", () => {
  const value = sealSessionCookie(keys, "app", id);
  const taken: string[] = [];

  for (let at = 0; at < value.length; at++) {
    for (const other of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= %") {
      const changed = value.slice(0, at) + other + value.slice(at + 1);
      if (changed !== value && openSessionCookie(keys, "app", changed).ok) taken.push(changed);
    }
  }

  expect(taken).toEqual([]);
});

test.each([
  [""],
  ["."],
  ["../../etc/passwd"],
  ["..%2f..%2fetc%2fpasswd"],
  [id],
  [`${id}.`],
  [`.${id}`],
  [`${id}.${id}.${id}`],
  [`"${id}.${id}"`],
  [`${id}.${id}\n`],
  ["x".repeat(1_000_000)],
])("SES-11: %p is malformed", (value) => {
  expect(openSessionCookie(keys, "app", value)).toEqual({ ok: false, reason: "malformed" });
});

test("CK-06: 10,000 random values never open and never throw", () => {
  const opened: string[] = [];

  for (let round = 0; round < 10_000; round++) {
    const bytes = randomBytes(round % 90);
    const texts = [
      bytes.toString("latin1"),
      bytes.toString("base64url"),
      `${randomToken(randomBytes)}.${randomToken(randomBytes)}`,
    ];
    for (const text of texts) if (openSessionCookie(keys, "app", text).ok) opened.push(text);
  }

  expect(opened).toEqual([]);
});

test("SES-05: an opened cookie is remembered for its provider and its keys only", () => {
  const value = sealSessionCookie(keys, "app", id);

  const [first, again] = [openSessionCookie(keys, "app", value), openSessionCookie(keys, "app", value)];

  expect(again).toEqual(first);
  expect(openSessionCookie(keys, "other", value).ok).toBe(false);
  expect(openSessionCookie(openKeys(["another secret of an outpost, long enough"]), "app", value).ok).toBe(false);
});
