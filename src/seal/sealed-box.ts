import { createCipheriv, createDecipheriv } from "node:crypto";
import type { RandomBytes } from "./random-token.ts";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM: nonce (96 random bits, new each time), ciphertext, tag. `context` is authenticated but is not part of the box: the box opens
 * only with the same context.
 */
export function sealBox(key: Uint8Array, context: Uint8Array, plain: Uint8Array, randomBytes: RandomBytes): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(context);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The plain bytes that `sealBox` sealed; null when the key or the context differs, or the box was changed. */
export function openBox(key: Uint8Array, context: Uint8Array, box: Uint8Array): Uint8Array | null {
  if (box.length < nonceBytes + tagBytes) return null;
  const tagAt = box.length - tagBytes;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(context)
      .setAuthTag(box.subarray(tagAt));
    return Buffer.concat([decipher.update(box.subarray(nonceBytes, tagAt)), decipher.final()]);
  } catch {
    // Node.js throws when the tag does not match; for a caller that is an expected result (decision 22)
    return null;
  }
}
