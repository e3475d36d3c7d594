/** DER (ITU-T X.690), the part that a certificate needs. Each function returns one whole element: tag, length, content. */

/** An element of the given tag with `parts` one after the other. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag), lengthOctets(content.length), content]);
}

/** X.690 8.9. */
export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...parts);
}

/** A set of one member: X.690 11.6 orders members, and one needs no order. */
export function setOf(member: Uint8Array): Uint8Array {
  return element(0x31, member);
}

/** A positive INTEGER from big-endian bytes (X.690 8.3: a leading bit of 1 would mean a negative one). */
export function positiveInteger(bytes: Uint8Array): Uint8Array {
  const trimmed = bytes.subarray(
    Math.max(
      0,
      bytes.findIndex((byte) => byte !== 0),
    ),
  );
  const sign = (trimmed[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : Uint8Array.of();
  return element(0x02, sign, trimmed);
}

/** OBJECT IDENTIFIER from its dotted form (X.690 8.19). */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return element(0x0c, Buffer.from(text, "utf8"));
}

/** BIT STRING of whole bytes; `unused` is the number of bits at the end that have no meaning. */
export function bitString(bytes: Uint8Array, unused = 0): Uint8Array {
  return element(0x03, Uint8Array.of(unused), bytes);
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return element(0x04, bytes);
}

/** BOOLEAN TRUE (X.690 11.1: all bits one). */
export const booleanTrue: Uint8Array = element(0x01, Uint8Array.of(0xff));

/** UTCTime to 2049, GeneralizedTime after it (RFC 5280 4.1.2.5); `at` is in seconds since the epoch. */
export function time(at: number): Uint8Array {
  const digits = new Date(at * 1000).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  const year = Number(digits.slice(0, 4));
  return year < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return Uint8Array.of(0x80 | octets.length, ...octets);
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return octets;
}
