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

/** The result of a slice: all of it was read and more follows, the message ends at `at`, or the coding is invalid. */
export type ChunkedReading =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly at: number; readonly trailers: HeaderLines }
  | { readonly kind: "refused"; readonly reason: string };

/** Receives each range of data, in order, without a copy. */
export type ChunkData = (bytes: Buffer, from: number, to: number) => void;

const more: ChunkedReading = { kind: "more" };

/** Reads one chunked message (RFC 9112 7.1) as its bytes arrive. */
export class ChunkedReader {
  readonly #limits: ChunkedLimits;
  #place: "size" | "size_lf" | "extension" | "data" | "data_cr" | "data_lf" | "trailer" | "over" = "size";
  #sizeDigits = 0;
  #left = 0; //                                    the chunk size while it is read, then the bytes of data that follow
  #extensionBytes = 0;
  #text = ""; //                                   the extension or the trailer section so far

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  /**
   * Reads `bytes` from `from` to `to` as the next part of the message. The parts may be cut anywhere. Strict (HTTP-01): only CRLF ends a
   * line, no space around a size, at most 2^53-1 bytes a chunk, extensions by their grammar. After `end` or `refused` every call is refused.
   * With a `data` that does nothing, this checks a message that is forwarded unchanged and finds its end.
   */
  read(bytes: Buffer, from: number, to: number, data: ChunkData): ChunkedReading {
    let at = from;
    while (at < to) {
      if (this.#place === "data") {
        const end = Math.min(to, at + this.#left);
        data(bytes, at, end);
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#place = "data_cr";
        continue;
      }
      const problem = this.#readByte(bytes[at] ?? 0);
      at += 1;
      if (problem !== null) return this.#refuse(problem);
      if (this.#isOver()) return this.#end(at);
    }
    return more;
  }

  /** A method of its own, since the compiler assumes that a place it has compared does not change. */
  #isOver(): boolean {
    return this.#place === "over";
  }

  /** How many of the last `most` bytes belong to the trailer section, including the empty line that ends it. */
  trailerBytesIn(most: number): number {
    const isThere = this.#place === "trailer" || this.#place === "over";
    return isThere ? Math.min(this.#text.length, most) : 0;
  }

  /** Reads one byte outside the data. Returns what is wrong with it, or null. */
  #readByte(byte: number): string | null {
    switch (this.#place) {
      case "size":
        return this.#readSize(byte);
      case "extension":
        return this.#readExtension(byte);
      case "size_lf":
        this.#place = this.#left === 0 ? "trailer" : "data";
        this.#text = "";
        return byte === 0x0a ? null : "the line of a chunk size does not end in CRLF";
      case "data_cr":
        this.#place = "data_lf";
        return byte === 0x0d ? null : "a chunk is longer than its size";
      case "data_lf":
        this.#place = "size";
        return byte === 0x0a ? null : "a chunk does not end in CRLF";
      case "trailer":
        return this.#readTrailer(byte);
      case "data":
      case "over":
        return "nothing can be read here";
    }
  }

  #readSize(byte: number): string | null {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#left = this.#left * 16 + digit;
      this.#sizeDigits += 1;
      const isTooLarge = this.#sizeDigits > 16 || this.#left > Number.MAX_SAFE_INTEGER;
      return isTooLarge ? "a chunk size is too large" : null;
    }
    if (this.#sizeDigits === 0) return "a chunk size is not a hexadecimal number";
    this.#sizeDigits = 0;
    if (byte !== 0x0d && byte !== 0x3b) return "a chunk size is not a hexadecimal number";
    this.#place = byte === 0x0d ? "size_lf" : "extension";
    if (byte === 0x3b) this.#text = ";";
    return null;
  }

  #readExtension(byte: number): string | null {
    if (byte === 0x0d) {
      this.#place = "size_lf";
      return extensions.test(this.#text) ? null : "a chunk extension is malformed";
    }
    this.#extensionBytes += 1;
    if (this.#extensionBytes > this.#limits.extensionBytes) return "too many bytes of chunk extensions";
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return "a chunk extension contains a control byte";
    this.#text += String.fromCharCode(byte);
    return null;
  }

  #readTrailer(byte: number): string | null {
    this.#text += String.fromCharCode(byte);
    if (this.#text.length > this.#limits.trailerBytes) return "too many bytes of trailers";
    if (byte !== 0x0a) return null;
    if (!this.#text.endsWith("\r\n")) return "a trailer line ends in LF without CR";
    if (this.#text === "\r\n" || this.#text.endsWith("\r\n\r\n")) this.#place = "over";
    return null;
  }

  #end(at: number): ChunkedReading {
    const fields = readFields(this.#text.slice(0, -2), 0, this.#limits.trailerFields);
    if (fields.kind === "refused") return this.#refuse(fields.reason);
    const frames = fields.contentLength !== null || fields.transferEncoding !== null;
    return frames
      ? this.#refuse("a trailer states the framing of the message")
      : { kind: "end", at, trailers: fields.lines };
  }

  #refuse(reason: string): ChunkedReading {
    this.#place = "over";
    return { kind: "refused", reason };
  }
}

/**
 * Reads `bytes` from `from` on with `reader`, and gives all data of this part to `take` at once: a message of tiny chunks must not cost a
 * write for each. The data moves together within `bytes`, before the place that is read next.
 */
export function readTogether(
  reader: ChunkedReader,
  bytes: Buffer,
  from: number,
  take: (data: Buffer) => void,
): ChunkedReading {
  let [start, end] = [-1, -1];
  const reading = reader.read(bytes, from, bytes.length, (_, at, to) => {
    if (start === -1) [start, end] = [at, to];
    else if (to - at > 32) {
      bytes.copyWithin(end, at, to);
      end += to - at;
    } else for (let place = at; place < to; place++) bytes[end++] = bytes[place] ?? 0;
  });
  if (start !== -1) take(bytes.subarray(start, end));
  return reading;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** chunk-ext of RFC 9112 7.1.1, without the "bad whitespace" that a sender must not write. */
const extensions = new RegExp(`^(?:;${token}(?:=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))?)+$`);

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
