import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HeaderCredential } from "../core/http/header-credential.ts";

/**
 * Fields as one byte string that can be read back in one way only: each field as UTF-8 after its length in four bytes, big-endian. Every MAC
 * and every context is made of this form. Joined by a separator, ("a", "b|c") and ("a|b", "c") would be the same bytes (CVE-2023-35941).
 */
export function lengthPrefixed(fields: readonly string[]): Uint8Array {
  const parts = fields.map((field) => new TextEncoder().encode(field));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** The fields of `lengthPrefixed`; null when the bytes do not have exactly that form. */
export function splitLengthPrefixed(bytes: Uint8Array): readonly string[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return null;
    fields.push(new TextDecoder().decode(bytes.subarray(at + 4, end)));
    at = end;
  }
  return fields;
}

/** HMAC-SHA256 over length-prefixed fields, 32 bytes. */
export function macOf(key: Uint8Array, fields: readonly string[]): Uint8Array {
  return createHmac("sha256", key).update(lengthPrefixed(fields)).digest();
}

/** SHA-256 of a text's UTF-8, base64url (43 characters). */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Are two byte strings equal? The time of the comparison depends on their length only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Are two secrets equal? Their digests are compared, so the time depends neither on their contents nor on their length. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** The cache key of a credential at a provider: SHA-256 of both, from which neither can be recovered (M2M-02, M2M-04). */
export function credentialDigest(providerSlug: string, credential: HeaderCredential): string {
  const fields =
    credential.kind === "bearer" ? ["bearer", credential.token] : ["basic", credential.username, credential.password];
  return createHash("sha256")
    .update(lengthPrefixed([providerSlug, ...fields]))
    .digest("base64url");
}
