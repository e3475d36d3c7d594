import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { lengthPrefixed } from "./length-prefixed.ts";

/** HMAC-SHA256 over length-prefixed fields, 32 bytes. */
export function macOf(key: Uint8Array, fields: readonly string[]): Uint8Array {
  return createHmac("sha256", key).update(lengthPrefixed(fields)).digest();
}

/** SHA-256 of a text's UTF-8, base64url (43 characters). */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Are two byte strings equal? In a time that tells nothing but their length. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Are two secrets equal? Compared by digest, so in a time that does not tell how far they agree, nor their length. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
