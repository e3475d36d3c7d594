import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { type LoginAttempt, loginCookieName, shortDigest } from "../../src/core/identity/login-attempt.ts";
import { openKeys } from "../../src/seal/keys.ts";
import {
  openLoginAttempt,
  openLoginAttemptByName,
  sealLoginAttempt,
  stateDigest,
} from "../../src/seal/login-attempt.ts";
import { randomToken } from "../../src/seal/random-token.ts";

const secret = "a secret of the outpost, long enough";
const keys = openKeys([secret]);
const state = "state-state-state-state-state-state-state-s";
const attempt: LoginAttempt = {
  providerSlug: "app",
  state,
  nonce: "nonce-nonce",
  codeVerifier: "verifier-verifier",
  returnTo: "/deep/ä?x=1&y=%20",
  startedAt: 1000,
  expiresAt: 1600,
};

test("an attempt opens for its state, at its provider, within its ten minutes", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);

  expect(openLoginAttempt(keys, "app", state, value, 1599)).toEqual({ ok: true, attempt, keyIndex: 0 });
});

test("OIDC-07: an attempt is expired from its tenth minute on", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);

  expect(openLoginAttempt(keys, "app", state, value, 1600)).toEqual({ ok: false, reason: "expired" });
  expect(openLoginAttempt(keys, "app", state, value, 99_999)).toEqual({ ok: false, reason: "expired" });
});

test("OIDC-03, OIDC-06: an attempt does not open for another state, at another provider or with another secret", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);
  const refused = { ok: false, reason: "wrong_key_or_provider" } as const;

  expect(openLoginAttempt(keys, "app", `${state}x`, value, 1001)).toEqual(refused);
  expect(openLoginAttempt(keys, "app", "", value, 1001)).toEqual(refused);
  expect(openLoginAttempt(keys, "other", state, value, 1001)).toEqual(refused);
  expect(openLoginAttempt(openKeys(["another secret"]), "app", state, value, 1001)).toEqual(refused);
});

test("an attempt started before the secret was rotated can be finished", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);

  expect(openLoginAttempt(openKeys(["the new secret", secret]), "app", state, value, 1001)).toEqual({
    ok: true,
    attempt,
    keyIndex: 1,
  });
});

test("OIDC-05, OIDC-10: neither the cookie's name nor its value shows the state, the nonce, the verifier or the target", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);
  const name = loginCookieName({ name: "__Host-akproxy_app", domain: null, secure: true }, 1000, stateDigest(state));

  const shown = `${name}=${value} ${Buffer.from(value, "base64url").toString("latin1")}`;

  expect(shown).toMatch(/^__Host-akproxy_app_login_rs_[A-Za-z0-9_-]{12}=[A-Za-z0-9_-]+ /);
  for (const hidden of [state, "state", attempt.nonce, attempt.codeVerifier, "deep"])
    expect(shown).not.toContain(hidden);
});

test("OIDC-01: 1000 states are different, of 43 characters, and their digests name different cookies", () => {
  const states = Array.from({ length: 1000 }, () => randomToken(randomBytes));

  expect(new Set(states).size).toBe(1000);
  expect(states.filter((one) => one.length !== 43)).toEqual([]);
  expect(new Set(states.map((one) => shortDigest(stateDigest(one)))).size).toBe(1000);
});

test("the same attempt sealed twice is two values, with two nonces", () => {
  const values = [sealLoginAttempt(keys, attempt, randomBytes), sealLoginAttempt(keys, attempt, randomBytes)];

  expect(new Set(values.map((value) => value.slice(0, 16))).size).toBe(2);
});

test("OIDC-15: eight attempts of usual length fit in 4 KiB of Cookie header", () => {
  const scope = { name: "__Host-akproxy_application", domain: null, secure: true };
  const pairs = Array.from({ length: 8 }, () => {
    const [own, nonce, codeVerifier] = [randomToken(randomBytes), randomToken(randomBytes), randomToken(randomBytes)];
    const sealed = sealLoginAttempt(
      keys,
      { ...attempt, state: own, nonce, codeVerifier, startedAt: 1_700_000_000 },
      randomBytes,
    );
    return `${loginCookieName(scope, 1_700_000_000, stateDigest(own))}=${sealed}`;
  });

  expect(pairs.join("; ").length).toBeLessThan(4096);
});

test("by its name an attempt opens at any age, to explain it", () => {
  const value = sealLoginAttempt(keys, attempt, randomBytes);
  const inName = shortDigest(stateDigest(state));

  expect(openLoginAttemptByName(keys, "app", inName, value)).toEqual({ ok: true, attempt, keyIndex: 0 });
  expect(openLoginAttemptByName(keys, "app", "abcdefghijkl", value)).toEqual({
    ok: false,
    reason: "wrong_key_or_provider",
  });
});

test.each([[""], ["x"], ["a.b"], ["%%%"], ["A".repeat(37)], ["ä".repeat(60)]])("%j is a malformed attempt", (value) => {
  expect(openLoginAttempt(keys, "app", state, value, 1001)).toEqual({ ok: false, reason: "malformed" });
});

test("CK-06: 10,000 random and damaged values never open and never throw", () => {
  const whole = Buffer.from(sealLoginAttempt(keys, attempt, randomBytes), "base64url");
  const opened: string[] = [];

  for (let round = 0; round < 10_000; round++) {
    const damaged = Buffer.from(whole);
    const at = round % whole.length;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (round % 8));
    for (const bytes of [randomBytes(round % 200), damaged, whole.subarray(0, at)]) {
      const value = bytes.toString("base64url");
      if (openLoginAttempt(keys, "app", state, value, 1001).ok) opened.push(value);
    }
  }

  expect(opened).toEqual([]);
});
