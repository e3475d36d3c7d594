import type { Fields } from "./header-block.ts";

/** How the end of a message's content is found (RFC 9112 6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

/** A response may also end with the connection. In plain HTTP its end then looks like a loss. */
export type ResponseFraming = Framing | { readonly kind: "until_close" };

/** Framing that two parsers could read in two ways. It is refused, never repaired. */
export interface FramingRefused {
  readonly kind: "refused";
  readonly reason: string;
}

const none: Framing = { kind: "none" };
const chunked: Framing = { kind: "chunked" };
const untilClose: ResponseFraming = { kind: "until_close" };

/**
 * A request's framing. Stricter than RFC 9112 6.3, which lets a recipient repair some messages (HTTP-01): Content-Length is digits, once,
 * even if two are equal. Transfer-Encoding is `chunked`, once, in HTTP/1.1, without Content-Length.
 */
export function requestFraming(fields: Fields, version: "1.0" | "1.1"): Framing | FramingRefused {
  return statedFraming(fields, version) ?? none;
}

/** A response's framing, which depends on the method of its request. It must be unambiguous even if the response has no content. */
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

/** Null: the message has neither field. */
function statedFraming(fields: Fields, version: "1.0" | "1.1"): Framing | FramingRefused | null {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding !== null) {
    if (contentLength !== null) return refused("Content-Length beside Transfer-Encoding");
    // RFC 9112 6.1: in HTTP/1.0 the framing is faulty, since an earlier HTTP/1.0 hop may have forwarded the field unread
    if (version === "1.0") return refused("Transfer-Encoding in HTTP/1.0");
    return transferEncoding.toLowerCase() === "chunked" ? chunked : refused("Transfer-Encoding is not exactly chunked");
  }
  if (contentLength === null) return null;
  const bytes = digits.test(contentLength) ? Number(contentLength) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) return refused("Content-Length is not one whole number below 2^53");
  return { kind: "length", bytes };
}

// Up to 32 digits, since leading zeros are valid. Tabs around them are valid too, but llhttp refuses them, and no client sends them
const digits = /^ *[0-9]{1,32} *$/;

function refused(reason: string): FramingRefused {
  return { kind: "refused", reason };
}

/** Does the connection stay open after this message, by its version and its Connection field (RFC 9112 9.3)? */
export function keepsAlive(connection: string | null, version: "1.0" | "1.1"): boolean {
  if (connection === null) return version === "1.1";
  if (hasMember(connection, "close")) return false;
  return version === "1.1" || hasMember(connection, "keep-alive");
}

/** The Upgrade field if Connection names it, in HTTP/1.1 (RFC 9110 7.8); else null. */
export function upgradeOf(fields: Fields, version: "1.0" | "1.1"): string | null {
  if (fields.upgrade === null || fields.connection === null || version === "1.0") return null;
  return hasMember(fields.connection, "upgrade") ? fields.upgrade : null;
}

function hasMember(list: string, member: string): boolean {
  const lowerCase = list.toLowerCase();
  // Most lists have one member and need not be split
  return lowerCase === member || lowerCase.split(",").some((entry) => entry.trim() === member);
}
