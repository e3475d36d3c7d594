import { Failure } from "../core/failure.ts";
import { type HeaderLines, withoutNames } from "../core/header-lines.ts";
import { endToEnd } from "../core/hop-by-hop.ts";

/**
 * An upstream's answer without what belonged to that hop. Content-Length stays, except beside Transfer-Encoding, which overrides it
 * (RFC 9112 6.3; UPS-13).
 */
export function answerHeaders(lines: HeaderLines): HeaderLines {
  const coded = lines.some(([name]) => name.toLowerCase() === "transfer-encoding");
  return withoutNames(endToEnd(lines), (name) => name === "content-length" && coded);
}

/** What can be one field value: bytes, but none of the three that RFC 9110 5.5 forbids. */
const byteString = /^[^\0\r\n\u0100-\uffff]*$/;

/**
 * A request's fields as Bun's clients take them. Throws `Failure("upstream_not_carried")` for a value that is no byte string or would
 * split the message.
 */
export function sendableHeaders(lines: HeaderLines): [string, string][] {
  const unsendable = lines.find(([, value]) => !byteString.test(value));
  if (unsendable !== undefined) {
    throw new Failure("upstream_not_carried", `upstream: header "${unsendable[0]}" has a value that can't be sent`);
  }
  return lines.map(([name, value]) => [name, value]);
}

/**
 * The same for `fetch`, which adds `User-Agent: Bun/…` where there is none: an empty one is the nearest to none that it can send.
 * Without Accept it sends an Accept of any type, which means the same as none (RFC 9110 12.5.1).
 */
export function fetchHeaders(lines: HeaderLines): [string, string][] {
  const pairs = sendableHeaders(lines);
  const hasUserAgent = pairs.some(([name]) => name.toLowerCase() === "user-agent");
  return hasUserAgent ? pairs : [...pairs, ["User-Agent", ""]];
}
