/**
 * Fields as one byte string that reads back one way only: each as UTF-8 behind its length in four bytes, big-endian. What is
 * authenticated is always this form: joined by a separator, ("a", "b|c") and ("a|b", "c") would be the same bytes (CVE-2023-35941).
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

/** The fields of `lengthPrefixed`; null when the bytes are not that form, whole. */
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
