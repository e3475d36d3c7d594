import { Memory, ownText } from "../core/bounds/memory.ts";
import { macOf, sameBytes } from "./digest.ts";
import type { Keys } from "./keys.ts";

/** The opened value of a session cookie, or why it does not open. `keyIndex` counts the outpost's secrets from 0. */
export type OpenedSessionCookie =
  | { readonly ok: true; readonly id: string; readonly keyIndex: number }
  | { readonly ok: false; readonly reason: "malformed" | "wrong_key_or_provider" };

/**
 * The value of a session cookie: the id, a dot, and the MAC of the id under a key of this provider. So an invented id never reaches the store,
 * and the cookie of one provider is not valid at another (decision 17). `id` is 43 characters of base64url.
 */
export function sealSessionCookie(keys: Keys, slug: string, id: string): string {
  const [key] = keys.derive("session cookie", slug);
  return `${id}.${Buffer.from(cookieMac(key, slug, id)).toString("base64url")}`;
}

/** Opened values by provider. */
type OpenedBySlug = Map<string, Memory<OpenedSessionCookie>>;

/** Opened values, by the keys that opened them: a browser sends the same value with every request. Refused values are not kept. */
const openedBefore = new WeakMap<Keys, OpenedBySlug>();

/** As many values per provider as sessions are cached. A value has 87 characters, its id 43. */
const mostOpened = { entries: 100_000, bytes: 64 * 1024 * 1024, bytesOf: () => 2 * 43 + 64 };

/** Opens a value of `sealSessionCookie` that was made with any of the outpost's secrets. Never throws. */
export function openSessionCookie(keys: Keys, slug: string, value: string): OpenedSessionCookie {
  const before = openedAt(keys, slug);
  const known = before.get(value);
  if (known !== undefined) return known;
  // the id is a slice of the value: of the copy, because a slice of the request's head would keep the whole head in memory
  const opened = open(keys, slug, ownText(value));
  if (opened.ok) before.set(value, opened);
  return opened;
}

function openedAt(keys: Keys, slug: string): Memory<OpenedSessionCookie> {
  const bySlug: OpenedBySlug = openedBefore.get(keys) ?? new Map();
  const known = bySlug.get(slug);
  if (known !== undefined) return known;
  const opened = new Memory<OpenedSessionCookie>(mostOpened);
  openedBefore.set(keys, bySlug.set(slug, opened));
  return opened;
}

function open(keys: Keys, slug: string, value: string): OpenedSessionCookie {
  const parts = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/.exec(value);
  if (parts?.[1] === undefined || parts[2] === undefined) return { ok: false, reason: "malformed" };
  const [, id, shown] = parts;
  const shownMac = Buffer.from(shown, "base64url");
  // the last of 43 characters has two unused bits: only one spelling of a cookie is accepted
  if (shownMac.toString("base64url") !== shown) return { ok: false, reason: "malformed" };
  for (const [keyIndex, key] of keys.derive("session cookie", slug).entries()) {
    if (sameBytes(cookieMac(key, slug, id), shownMac)) return { ok: true, id, keyIndex };
  }
  return { ok: false, reason: "wrong_key_or_provider" };
}

function cookieMac(key: Uint8Array, slug: string, id: string): Uint8Array {
  return macOf(key, ["akproxy session cookie", "1", slug, id]);
}
