import { hkdfSync } from "node:crypto";
import { lengthPrefixed } from "./digest.ts";

/** The purpose of a key; no two purposes share a key. */
export type KeyPurpose =
  | "session cookie"
  | "login attempt"
  | "session summary"
  | "session body"
  | "subject index"
  | "idp session index";

/** Keys of 32 bytes, one for each secret of the outpost: the first key seals, every key opens (spec: outpost.secret). */
export interface Keys {
  /** The keys of a purpose; with `slug`, those of one provider. Each is derived once. */
  derive(purpose: KeyPurpose, slug?: string): readonly [Uint8Array, ...Uint8Array[]];
}

/** Keys by HKDF-SHA256 (RFC 5869) with the purpose and the slug as its info. Needs at least one secret. */
export function openKeys(secrets: readonly string[]): Keys {
  const [first, ...others] = secrets;
  if (first === undefined) throw new RangeError("outpost: secret: the list is empty");
  const derived = new Map<string, readonly [Uint8Array, ...Uint8Array[]]>();
  return {
    derive(purpose, slug = "") {
      const cached = derived.get(`${purpose}/${slug}`);
      if (cached !== undefined) return cached;
      const keyOf = (secret: string) =>
        new Uint8Array(hkdfSync("sha256", secret, "", lengthPrefixed(["akproxy 1", purpose, slug]), 32));
      const keys = [keyOf(first), ...others.map(keyOf)] as const;
      derived.set(`${purpose}/${slug}`, keys);
      return keys;
    },
  };
}
