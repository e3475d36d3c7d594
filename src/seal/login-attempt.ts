import { type LoginAttempt, shortDigest } from "../core/identity/login-attempt.ts";
import { digestOf, lengthPrefixed, sameSecret, splitLengthPrefixed } from "./digest.ts";
import type { Keys } from "./keys.ts";
import type { RandomBytes } from "./random-token.ts";
import { openBox, sealBox } from "./sealed-box.ts";

/** The opened cookie of a login attempt, or why it does not open. `expired`: the cookie is genuine, but came too late. */
export type OpenedLoginAttempt =
  | { readonly ok: true; readonly attempt: LoginAttempt; readonly keyIndex: number }
  | { readonly ok: false; readonly reason: "malformed" | "wrong_key_or_provider" | "expired" };

/** The digest of a state (base64url, 43 characters): names the attempt's cookie and marks the attempt as used. It does not reveal the state. */
export function stateDigest(state: string): string {
  return digestOf(`akproxy login state ${state}`);
}

/** The value of an attempt's cookie: sealed for its provider, and bound to the cookie name that its state gives. */
export function sealLoginAttempt(keys: Keys, attempt: LoginAttempt, randomBytes: RandomBytes): string {
  const { providerSlug, state, nonce, codeVerifier, returnTo, startedAt, expiresAt } = attempt;
  const [key] = keys.derive("login attempt", providerSlug);
  const plain = lengthPrefixed([state, nonce, codeVerifier, returnTo, String(startedAt), String(expiresAt)]);
  const box = sealBox(key, contextOf(providerSlug, shortDigest(stateDigest(state))), plain, randomBytes);
  return Buffer.from(box).toString("base64url");
}

/** Opens the cookie that belongs to a callback with `state`, at `now`. Never throws. */
export function openLoginAttempt(
  keys: Keys,
  slug: string,
  state: string,
  value: string,
  now: number,
): OpenedLoginAttempt {
  const opened = openLoginAttemptByName(keys, slug, shortDigest(stateDigest(state)), value);
  if (!opened.ok) return opened;
  if (!sameSecret(opened.attempt.state, state)) return { ok: false, reason: "wrong_key_or_provider" };
  return now < opened.attempt.expiresAt ? opened : { ok: false, reason: "expired" };
}

/** Opens a cookie by its name, at any age: to explain the cookie, never to grant access. */
export function openLoginAttemptByName(
  keys: Keys,
  slug: string,
  digestInName: string,
  value: string,
): OpenedLoginAttempt {
  if (!/^[A-Za-z0-9_-]{38,}$/.test(value)) return { ok: false, reason: "malformed" };
  const box = Buffer.from(value, "base64url");
  for (const [keyIndex, key] of keys.derive("login attempt", slug).entries()) {
    const plain = openBox(key, contextOf(slug, digestInName), box);
    if (plain !== null) return attemptOf(slug, plain, keyIndex);
  }
  return { ok: false, reason: "wrong_key_or_provider" };
}

function attemptOf(providerSlug: string, plain: Uint8Array, keyIndex: number): OpenedLoginAttempt {
  const fields = splitLengthPrefixed(plain);
  if (fields?.length !== 6) return { ok: false, reason: "malformed" };
  const [state = "", nonce = "", codeVerifier = "", returnTo = "", startedAt = "", expiresAt = ""] = fields;
  const times = { startedAt: Number(startedAt), expiresAt: Number(expiresAt) };
  return { ok: true, attempt: { providerSlug, state, nonce, codeVerifier, returnTo, ...times }, keyIndex };
}

function contextOf(slug: string, digestInName: string): Uint8Array {
  return lengthPrefixed(["akproxy login attempt", "1", slug, digestInName]);
}
