import type { HeaderEncoding } from "../provider.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
const controlCharacter = /[\u0000-\u001f\u007f]/;
const visibleAscii = /^[\u0020-\u007e]*$/;

/**
 * A text as the bytes of a field value, one UTF-16 unit for each byte. Null when the text contains a control character, which a field value must
 * not contain (RFC 9110 5.5; HDR-10). ASCII is the same in every encoding, except `%` in `percent`, so that it can be decoded.
 */
export function headerValue(text: string, encoding: HeaderEncoding): string | null {
  if (controlCharacter.test(text)) return null;
  switch (encoding) {
    case "utf8":
      return visibleAscii.test(text) ? text : byteString(utf8(text));
    case "percent":
      return percentEncoded(text);
    case "rfc2047":
      return visibleAscii.test(text) ? text : encodedWord(text);
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function byteString(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function percentEncoded(text: string): string {
  return Array.from(utf8(text), (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}

/** One encoded-word of RFC 2047. The limit of 75 characters is for mail; programs that read HTTP headers do not apply it. */
function encodedWord(text: string): string {
  return `=?UTF-8?B?${btoa(byteString(utf8(text)))}?=`;
}
