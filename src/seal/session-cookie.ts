import { makingRoom } from "../core/bounds/oldest-first.ts";
import type { Keys } from "./keys.ts";
import { macOf, sameBytes } from "./mac.ts";

/** A session cookie's value opened, or why not. `keyIndex` counts the outpost's secrets from 0. */
export type OpenedSessionCookie =
  | { readonly ok: true; readonly id: string; readonly keyIndex: number }
  | { readonly ok: false; readonly reason: "malformed" | "wrong_key_or_provider" };

/**
 * The value of a session's cookie: the id, a dot, and its MAC under a key of this provider, so that a made-up id never reaches the
 * store and the cookie of one provider is nothing at another (decision 17). `id` is 43 characters of base64url.
 */
export function sealSessionCookie(keys: Keys, slug: string, id: string): string {
  const [key] = keys.derive("session cookie", slug);
  return `${id}.${Buffer.from(cookieMac(key, slug, id)).toString("base64url")}`;
}

/** How many values of a provider are remembered as ours: as many as sessions are kept open. */
const mostRemembered = 100_000;

/** Values that were opened before. */
interface Remembered {
  readonly opened: Map<string, OpenedSessionCookie>;
  readonly makeRoom: () => void;
}

/** Values that were opened before, by the keys that opened them: a browser sends its own with every request. Refused ones are not kept. */
const openedBefore = new WeakMap<Keys, Map<string, Remembered>>();

/** Opens what `sealSessionCookie` made with any of our secrets; never throws. */
export function openSessionCookie(keys: Keys, slug: string, value: string): OpenedSessionCookie {
  const remembered = rememberedOf(keys, slug);
  const known = remembered.opened.get(value);
  if (known !== undefined) return known;
  // a string of its own: a part of the request's head would keep all of the head in memory
  const own = ` ${value}`.slice(1);
  const opened = open(keys, slug, own);
  if (!opened.ok) return opened;
  remembered.makeRoom();
  remembered.opened.set(own, opened);
  return opened;
}

function rememberedOf(keys: Keys, slug: string): Remembered {
  const bySlug = openedBefore.get(keys) ?? new Map<string, Remembered>();
  const known = bySlug.get(slug);
  if (known !== undefined) return known;
  const opened = new Map<string, OpenedSessionCookie>();
  const remembered = { opened, makeRoom: makingRoom(opened, mostRemembered) };
  openedBefore.set(keys, bySlug.set(slug, remembered));
  return remembered;
}

function open(keys: Keys, slug: string, value: string): OpenedSessionCookie {
  const parts = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/.exec(value);
  if (parts?.[1] === undefined || parts[2] === undefined) return { ok: false, reason: "malformed" };
  const [, id, shown] = parts;
  const shownMac = Buffer.from(shown, "base64url");
  // the last of 43 characters carries two unused bits: only one spelling of a cookie is taken
  if (shownMac.toString("base64url") !== shown) return { ok: false, reason: "malformed" };
  for (const [keyIndex, key] of keys.derive("session cookie", slug).entries()) {
    if (sameBytes(cookieMac(key, slug, id), shownMac)) return { ok: true, id, keyIndex };
  }
  return { ok: false, reason: "wrong_key_or_provider" };
}

function cookieMac(key: Uint8Array, slug: string, id: string): Uint8Array {
  return macOf(key, ["akproxy session cookie", "1", slug, id]);
}
