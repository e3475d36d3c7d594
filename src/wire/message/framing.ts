import type { Fields } from "./header-block.ts";

/** How a message's content is delimited (RFC 9112 6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

/** A response's may also end with the connection: its end and its loss look alike in plain HTTP. */
export type ResponseFraming = Framing | { readonly kind: "until_close" };

/** Framing that could be read in two ways: refused, never repaired. */
export interface FramingRefused {
  readonly kind: "refused";
  readonly reason: string;
}

const none: Framing = { kind: "none" };
const chunked: Framing = { kind: "chunked" };
const untilClose: ResponseFraming = { kind: "until_close" };

/**
 * A request's framing. Stricter than RFC 9112 6.3, which lets some of these be repaired (HTTP-01): Content-Length is digits, once, even
 * where two are equal; Transfer-Encoding is `chunked`, once, in HTTP/1.1, without Content-Length.
 */
export function requestFraming(fields: Fields, version: "1.0" | "1.1"): Framing | FramingRefused {
  return statedFraming(fields, version) ?? none;
}

/** A response's framing, by its request's method too. What it states must be unambiguous even where it has no content. */
export function responseFraming(
  fields: Fields,
  version: "1.0" | "1.1",
  status: number,
  requestMethod: string,
): ResponseFraming | FramingRefused {
  const stated = statedFraming(fields, version);
  if (stated?.kind === "refused") return stated;
  if (requestMethod === "HEAD" || status < 200 || status === 204 || status === 304) return none;
  return stated ?? untilClose;
}

/** Null: neither field is there. */
function statedFraming(fields: Fields, version: "1.0" | "1.1"): Framing | FramingRefused | null {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding !== null) {
    if (contentLength !== null) return refused("Content-Length beside Transfer-Encoding");
    // RFC 9112 6.1: in HTTP/1.0 the framing is faulty, since a 1.0 hop before us may have passed the field on unread.
    if (version === "1.0") return refused("Transfer-Encoding in HTTP/1.0");
    return transferEncoding.toLowerCase() === "chunked" ? chunked : refused("Transfer-Encoding is not exactly chunked");
  }
  if (contentLength === null) return null;
  const bytes = digits.test(contentLength) ? Number(contentLength) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) return refused("Content-Length is not one whole number below 2^53");
  return { kind: "length", bytes };
}

// Thirty-two digits: leading zeros are valid, a line of nothing else is not worth reading. Tabs around them are valid, too, yet parsers
// of weight refuse them (llhttp), and nobody sends them.
const digits = /^ *[0-9]{1,32} *$/;

function refused(reason: string): FramingRefused {
  return { kind: "refused", reason };
}

/** Does the connection outlive this message, by its version and its Connection field (RFC 9112 9.3)? */
export function keepsAlive(connection: string | null, version: "1.0" | "1.1"): boolean {
  if (connection === null) return version === "1.1";
  if (hasMember(connection, "close")) return false;
  return version === "1.1" || hasMember(connection, "keep-alive");
}

/** The protocols a message asks to change to: its Upgrade, where Connection names it, in HTTP/1.1 (RFC 9110 7.8); else null. */
export function upgradeOf(fields: Fields, version: "1.0" | "1.1"): string | null {
  if (fields.upgrade === null || fields.connection === null || version === "1.0") return null;
  return hasMember(fields.connection, "upgrade") ? fields.upgrade : null;
}

function hasMember(list: string, member: string): boolean {
  const lowerCase = list.toLowerCase();
  // Most lists have one member, and need not be taken apart.
  return lowerCase === member || lowerCase.split(",").some((entry) => entry.trim() === member);
}
