import { type HeaderLines, withoutNames } from "../../core/http/header-lines.ts";
import { isHopByHop } from "../../core/http/hop-by-hop.ts";
import { readFields } from "./header-block.ts";
import { linesText } from "./write-head.ts";

/** The limits of a chunked message besides those of its data. */
export interface ChunkedLimits {
  readonly extensionBytes: number; //              of all chunks together
  readonly trailerBytes: number;
  readonly trailerFields: number;
}

/** The state of reading one chunked message. `startChunked` makes it, and only `readChunked` changes it. */
export interface ChunkedState {
  readonly limits: ChunkedLimits;
  place: "size" | "size_lf" | "extension" | "data" | "data_cr" | "data_lf" | "trailer" | "over";
  sizeDigits: number;
  left: number; //                                 the chunk size while it is read, then the bytes of data that follow
  extensionBytes: number;
  text: string; //                                 the extension or the trailer section so far
}

/** The result of a slice: all of it was read and more follows, the message ends at `at`, or the coding is invalid. */
export type ChunkedReading =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly at: number; readonly trailers: HeaderLines }
  | { readonly kind: "refused"; readonly reason: string };

/** Receives each range of data, in order, without a copy. */
export type ChunkData = (bytes: Buffer, from: number, to: number) => void;

/** The state at the beginning of a chunked message. */
export function startChunked(limits: ChunkedLimits): ChunkedState {
  return { limits, place: "size", sizeDigits: 0, left: 0, extensionBytes: 0, text: "" };
}

const more: ChunkedReading = { kind: "more" };

/**
 * Reads `bytes` from `from` to `to` as the next part of a chunked message (RFC 9112 7.1). The parts may be cut anywhere. Strict (HTTP-01):
 * only CRLF ends a line, no space around a size, at most 2^53-1 bytes a chunk, extensions by their grammar. After `end` or `refused` the
 * state must not be used again. With a `data` that does nothing, this checks a message that is forwarded unchanged and finds its end.
 */
export function readChunked(
  state: ChunkedState,
  bytes: Buffer,
  from: number,
  to: number,
  data: ChunkData,
): ChunkedReading {
  let at = from;
  while (at < to) {
    if (state.place === "data") {
      const end = Math.min(to, at + state.left);
      data(bytes, at, end);
      state.left -= end - at;
      at = end;
      if (state.left === 0) state.place = "data_cr";
      continue;
    }
    const problem = readByte(state, bytes[at] ?? 0);
    at += 1;
    if (problem !== null) return refused(state, problem);
    if (state.place === "over") return endOf(state, at);
  }
  return more;
}

/** Reads one byte outside the data. Returns what is wrong with it, or null. */
function readByte(state: ChunkedState, byte: number): string | null {
  switch (state.place) {
    case "size":
      return readSize(state, byte);
    case "extension":
      return readExtension(state, byte);
    case "size_lf":
      state.place = state.left === 0 ? "trailer" : "data";
      state.text = "";
      return byte === 0x0a ? null : "the line of a chunk size does not end in CRLF";
    case "data_cr":
      state.place = "data_lf";
      return byte === 0x0d ? null : "a chunk is longer than its size";
    case "data_lf":
      state.place = "size";
      return byte === 0x0a ? null : "a chunk does not end in CRLF";
    case "trailer":
      return readTrailer(state, byte);
    case "data":
    case "over":
      return "nothing can be read here";
  }
}

function readSize(state: ChunkedState, byte: number): string | null {
  const digit = hexDigit(byte);
  if (digit !== -1) {
    state.left = state.left * 16 + digit;
    state.sizeDigits += 1;
    return state.sizeDigits > 16 || state.left > Number.MAX_SAFE_INTEGER ? "a chunk size is too large" : null;
  }
  if (state.sizeDigits === 0) return "a chunk size is not a hexadecimal number";
  state.sizeDigits = 0;
  if (byte !== 0x0d && byte !== 0x3b) return "a chunk size is not a hexadecimal number";
  state.place = byte === 0x0d ? "size_lf" : "extension";
  if (byte === 0x3b) state.text = ";";
  return null;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** chunk-ext of RFC 9112 7.1.1, without the "bad whitespace" that a sender must not write. */
const extensions = new RegExp(`^(?:;${token}(?:=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))?)+$`);

function readExtension(state: ChunkedState, byte: number): string | null {
  if (byte === 0x0d) {
    state.place = "size_lf";
    return extensions.test(state.text) ? null : "a chunk extension is malformed";
  }
  state.extensionBytes += 1;
  if (state.extensionBytes > state.limits.extensionBytes) return "too many bytes of chunk extensions";
  if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return "a chunk extension contains a control byte";
  state.text += String.fromCharCode(byte);
  return null;
}

function readTrailer(state: ChunkedState, byte: number): string | null {
  state.text += String.fromCharCode(byte);
  if (state.text.length > state.limits.trailerBytes) return "too many bytes of trailers";
  if (byte !== 0x0a) return null;
  if (!state.text.endsWith("\r\n")) return "a trailer line ends in LF without CR";
  if (state.text === "\r\n" || state.text.endsWith("\r\n\r\n")) state.place = "over";
  return null;
}

function endOf(state: ChunkedState, at: number): ChunkedReading {
  const fields = readFields(state.text.slice(0, -2), 0, state.limits.trailerFields);
  if (fields.kind === "refused") return refused(state, fields.reason);
  const frames = fields.contentLength !== null || fields.transferEncoding !== null;
  return frames
    ? refused(state, "a trailer states the framing of the message")
    : { kind: "end", at, trailers: fields.lines };
}

function refused(state: ChunkedState, reason: string): ChunkedReading {
  state.place = "over";
  return { kind: "refused", reason };
}

/** The line before the data of a chunk. `bytes` is at least 1: a chunk of 0 would end the message. */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The text after the data of a chunk. */
export const chunkTail = "\r\n";

/** The end of a chunked message. Throws `Failure("internal")` for a trailer that would split it. */
export function lastChunk(trailers: HeaderLines): string {
  return trailers.length === 0 ? "0\r\n\r\n" : `0\r\n${linesText(trailers, "internal")}\r\n`;
}

/** Fields that are not valid in a trailer: a recipient that merges them into the head would change the meaning of the message (RFC 9110 6.5.1). */
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

/** The trailers of a response that the client may get. Those of a request are never forwarded (HTTP-06). */
export function forwardableTrailers(trailers: HeaderLines): HeaderLines {
  return withoutNames(trailers, (name) => headOnly.has(name) || isHopByHop(name));
}
