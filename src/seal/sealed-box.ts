import { createCipheriv, createDecipheriv } from "node:crypto";
import type { RandomBytes } from "./random-token.ts";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM: nonce (96 random bits, new each time), ciphertext, tag. `context` is authenticated and not contained: a box
 * opens only where the same context is given.
 */
export function sealBox(key: Uint8Array, context: Uint8Array, plain: Uint8Array, randomBytes: RandomBytes): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(context);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** What `sealBox` sealed; null when the key, the context or a bit is another. */
export function openBox(key: Uint8Array, context: Uint8Array, box: Uint8Array): Uint8Array | null {
  if (box.length < nonceBytes + tagBytes) return null;
  const tagAt = box.length - tagBytes;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(context)
      .setAuthTag(box.subarray(tagAt));
    return Buffer.concat([decipher.update(box.subarray(nonceBytes, tagAt)), decipher.final()]);
  } catch {
    // GCM says "not authentic" by throwing; to us that is an answer (decision 22)
    return null;
  }
}
