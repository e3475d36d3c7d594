import { type HeaderLines, withoutNames } from "../../core/http/header-lines.ts";
import { isHopByHop } from "../../core/http/hop-by-hop.ts";
import { linesText } from "./lines-text.ts";

/** What stands before the data of a chunk of `bytes` bytes, at least 1: a chunk of 0 would end the message. */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** What stands after the data of a chunk. */
export const chunkTail = "\r\n";

/** The end of a chunked message. Throws `Failure("internal")` for a trailer that would split it. */
export function lastChunk(trailers: HeaderLines): string {
  return trailers.length === 0 ? "0\r\n\r\n" : `0\r\n${linesText(trailers, "internal")}\r\n`;
}

/** What a trailer may not be, since whoever merges it into the head would change the message's meaning (RFC 9110 6.5.1). */
const headOnly: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "content-type",
  "content-range",
  "host",
  "location",
  "set-cookie",
  "cookie",
  "authorization",
  "www-authenticate",
  "cache-control",
  "max-forwards",
  "expect",
  "range",
]);

/** The trailers of a response that may go on to the client. Those of a request never do (HTTP-06). */
export function passableTrailers(trailers: HeaderLines): HeaderLines {
  return withoutNames(trailers, (name) => headOnly.has(name) || isHopByHop(name));
}
