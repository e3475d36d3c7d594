import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { Session } from "../../src/core/session.ts";
import { lengthPrefixed, macOf } from "../../src/seal/digest.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { sealBox } from "../../src/seal/sealed-box.ts";
import {
  idpSessionKeys,
  openSession,
  openSummary,
  rowKey,
  sealSession,
  subjectKeys,
} from "../../src/sessions/record.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";

const keys = openKeys(["a secret of the outpost, long enough"]);

test("the summary opens with the secret alone; the body needs the id too", () => {
  const row = sealSession(sessionOf(), keys, randomBytes);

  expect(openSummary(row, keys)).toEqual({ username: "alice", providerSlug: "app", createdAt: 1000, expiresAt: 4600 });
  expect(openSession(row, idOf("one"), keys)).toEqual(sessionOf());
  expect(openSession(row, idOf("two"), keys)).toBeNull();
  expect(openSession({ ...row, body: row.summary }, idOf("one"), keys)).toBeNull();
});

test("a record of version 1, which has no refresh, still opens", () => {
  const old = { key: rowKey(idOf("one")), ...recordsOfVersion1(sessionOf()) };
  const row = { ...sealSession(sessionOf(), keys, randomBytes), ...old };

  expect(openSession(row, idOf("one"), keys)).toEqual(sessionOf());
  expect(openSummary(row, keys)?.username).toBe("alice");
  expect(openSession({ ...row, body: withVersion(row.body, 2) }, idOf("one"), keys)).toBeNull();
});

test("a claim field that is newer than the record is empty", () => {
  const { groups: _groups, name: _name, ...older } = sessionOf().identity;
  const sealedBefore = { ...sessionOf(), identity: older } as Session; // as: sealed by an older akproxy

  const row = sealSession(sealedBefore, keys, randomBytes);

  expect(openSession(row, idOf("one"), keys)?.identity).toEqual({ ...sessionOf().identity, groups: [], name: "" });
});

test.each([{ groups: "staff" }, { groups: [1] }, { name: ["x"] }, { uid: null }])(
  "a record with %j in its identity is not a session",
  (different) => {
    const identity = Object.assign({ ...sessionOf().identity }, different);

    const row = sealSession({ ...sessionOf(), identity }, keys, randomBytes);

    expect(openSession(row, idOf("one"), keys)).toBeNull();
  },
);

test("a refresh token is sealed in the body", () => {
  const session = { ...sessionOf(), refresh: { token: "canary", dueAt: 1300 }, version: 7 };

  const row = sealSession(session, keys, randomBytes);

  expect(openSession(row, idOf("one"), keys)).toEqual(session);
  expect(Buffer.from(row.body).toString("latin1")).not.toContain("canary");
});

/** A session as a record of version 1. */
function recordsOfVersion1({ id, identity, providerSlug, createdAt, expiresAt, idleSeconds }: Session) {
  const key = rowKey(id);
  const seal = (part: string, sealingKey: Uint8Array, value: unknown) => {
    const context = lengthPrefixed([`akproxy session ${part}`, "1", key]);
    const plain = new TextEncoder().encode(JSON.stringify(value));
    return Buffer.concat([Uint8Array.of(1), sealBox(sealingKey, context, plain, randomBytes)]);
  };
  const bodyKey = macOf(keys.derive("session body")[0], ["akproxy session body", id]);
  return {
    summary: seal("summary", keys.derive("session summary")[0], {
      username: identity.username,
      providerSlug,
      createdAt,
      expiresAt,
    }),
    body: seal("body", bodyKey, { providerSlug, createdAt, expiresAt, idleSeconds, identity }),
  };
}

function withVersion(record: Uint8Array, version: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(version), record.subarray(1)]);
}

test("SES-04: the body's key depends on the id, not only its context: with one nonce, two ids are two ciphertexts", () => {
  const oneNonce = (count: number) => new Uint8Array(count);
  const one = sealSession(sessionOf({ id: idOf("one") }), keys, oneNonce);
  const two = sealSession(sessionOf({ id: idOf("two") }), keys, oneNonce);

  const cipherOf = (record: Uint8Array) => Buffer.from(record.subarray(13, -16)).toString("hex");

  expect(cipherOf(one.summary)).toBe(cipherOf(two.summary));
  expect(cipherOf(one.body)).not.toBe(cipherOf(two.body));
});

test("SES-12: another secret opens neither summary nor session; with the old secret in the list both open", () => {
  const row = sealSession(sessionOf(), keys, randomBytes);
  const other = openKeys(["another secret"]);
  const rotated = openKeys(["another secret", "a secret of the outpost, long enough"]);

  expect(openSummary(row, other)).toBeNull();
  expect(openSession(row, idOf("one"), other)).toBeNull();
  expect(openSummary(row, rotated)?.username).toBe("alice");
  expect(openSession(row, idOf("one"), rotated)).toEqual(sessionOf());
});

test("a summary under another row's key does not open", () => {
  const row = sealSession(sessionOf(), keys, randomBytes);

  expect(openSummary({ key: rowKey(idOf("two")), summary: row.summary }, keys)).toBeNull();
});

test("SES-03: the row's key is the SHA-256 of the id, and nothing else in the row reveals the id", () => {
  const row = sealSession(sessionOf(), keys, randomBytes);

  expect(row.key).toBe(new Bun.CryptoHasher("sha256").update(idOf("one")).digest("base64url"));
  expect(JSON.stringify(row)).not.toContain(idOf("one"));
});

test("SES-05: issuer and subject are separated in the index keys, and sub and sid have different keys", () => {
  expect(subjectKeys(keys, "https://idp.test/", "a")).not.toEqual(subjectKeys(keys, "https://idp.test/a", ""));
  expect(subjectKeys(keys, "i", "x")).not.toEqual(idpSessionKeys(keys, "i", "x"));
  expect(subjectKeys(openKeys(["one", "two"]), "i", "x").length).toBe(2);
});

test("SES-12: 10,000 random and damaged records never open and never throw", () => {
  const row = sealSession(sessionOf(), keys, randomBytes);
  let opened = 0;

  for (let round = 0; round < 10_000; round++) {
    const body = round % 2 === 0 ? randomBytes(round % 300) : Buffer.from(row.body);
    const at = round % Math.max(1, body.length);
    if (round % 2 === 1) body[at] = (body[at] ?? 0) ^ 1;
    if (openSession({ ...row, body }, idOf("one"), keys) !== null) opened += 1;
    if (openSummary({ key: row.key, summary: body }, keys) !== null) opened += 1;
  }

  expect(opened).toBe(0);
});
