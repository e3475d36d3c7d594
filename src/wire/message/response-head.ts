import type { HeaderLines } from "../../core/http/header-lines.ts";
import { keepsAlive, type ResponseFraming, responseFraming, upgradeOf } from "./framing.ts";
import { readHeadText, textHasBareLineFeed } from "./head-text.ts";
import { endOfValue, type Fields, isLineEnd, readFields } from "./header-block.ts";

/** An accepted response head. An interim response (1xx) has a head of its own. Strings are latin1: one UTF-16 unit a byte. */
export interface ResponseHead {
  readonly version: "1.0" | "1.1";
  readonly status: number; //                      100-999
  readonly reason: string; //                      the reason phrase as sent; "": none
  readonly headers: HeaderLines;
  readonly framing: ResponseFraming;
  readonly keepAlive: boolean; //                  the connection can be used again after this message
  readonly upgrade: string | null; //              Upgrade, if Connection names it: the protocol of a 101
}

/** The limits of a head. The bytes include the status line and the empty line. */
export interface ResponseHeadLimits {
  readonly headBytes: number;
  readonly fields: number;
}

/** The result of reading a head. `refused`: the connection cannot be used, and its request has failed. */
export type ResponseReading =
  | { readonly kind: "incomplete"; readonly searchedTo: number }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "head"; readonly head: ResponseHead; readonly end: number };

const protocol = Buffer.from("HTTP/1.");

/**
 * Reads the response head in `bytes` from `from` to `to`. `incomplete`: call again with more bytes and its `searchedTo` (offsets of the same
 * buffer). `end` is where the content begins. As strict as for requests: a response that can be read in two ways could poison the responses
 * to other requests (UPS-13). The caller checks whether a 101 was requested.
 */
export function readResponseHead(
  bytes: Buffer,
  from: number,
  to: number,
  limits: ResponseHeadLimits,
  requestMethod: string,
  searchedTo = from,
): ResponseReading {
  if (!mayBeHttp(bytes, from, to)) return refused("the answer does not begin with HTTP/1");
  const found = readHeadText(bytes, from, to, searchedTo, limits.headBytes);
  switch (found.kind) {
    case "incomplete":
      return found;
    case "bare_line_feed":
      return bareLineFeed;
    case "too_long":
      return refused(`a head of more than ${limits.headBytes} bytes`);
    case "text": {
      const head = parseHead(found.text, limits.fields, requestMethod);
      if (!("kind" in head)) return { kind: "head", head, end: found.end };
      return textHasBareLineFeed(found.text) ? bareLineFeed : head;
    }
  }
}

/** False at the first byte that differs, so that an upstream of another protocol fails at once and not after a timeout. */
function mayBeHttp(bytes: Buffer, from: number, to: number): boolean {
  for (let index = 0; index < protocol.length && from + index < to; index += 1) {
    if (bytes[from + index] !== protocol[index]) return false;
  }
  return true;
}

function parseHead(
  text: string,
  mostFields: number,
  requestMethod: string,
): ResponseHead | Extract<ResponseReading, { kind: "refused" }> {
  const version = versionOf(text);
  const status = statusOf(text);
  if (version === null || status === null) return refused("the status line is not of HTTP/1.1 or HTTP/1.0");
  // RFC 9112 4 requires the space before an empty reason phrase, but servers leave it out, and the line is still unambiguous
  const reasonStart = text.charCodeAt(12) === 0x20 ? 13 : 12;
  const lineEnd = reasonStart === 12 ? 12 : endOfValue(text, 13);
  if (!isLineEnd(text, lineEnd)) return refused("the status line contains an invalid byte");
  const fields = readFields(text, lineEnd + 2, mostFields);
  if (fields.kind === "refused") return refused(fields.reason);
  const framing = responseFraming(fields, version, status, requestMethod);
  if (framing.kind === "refused") return framing;
  return {
    version,
    status,
    reason: text.slice(reasonStart, lineEnd),
    headers: fields.lines,
    framing,
    keepAlive:
      framing.kind !== "until_close" &&
      status !== 101 &&
      !(status === 204 && announcesContent(fields)) &&
      keepsAlive(fields.connection, version),
    upgrade: upgradeOf(fields, version),
  };
}

/** In a 204 that is wrong (RFC 9110 8.6, RFC 9112 6.1), and content that follows would be read as the next response. */
function announcesContent({ contentLength, transferEncoding }: Fields): boolean {
  return transferEncoding !== null || Number(contentLength ?? 0) > 0;
}

function versionOf(text: string): "1.0" | "1.1" | null {
  if (text.startsWith("HTTP/1.1 ")) return "1.1";
  return text.startsWith("HTTP/1.0 ") ? "1.0" : null;
}

/** Three digits. RFC 9110 15 has no class above 5xx, but applications use some (999), so they are accepted. */
function statusOf(text: string): number | null {
  const [hundreds, tens, ones] = [text.charCodeAt(9) - 0x30, text.charCodeAt(10) - 0x30, text.charCodeAt(11) - 0x30];
  if (!(hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return null;
  return hundreds * 100 + tens * 10 + ones;
}

const bareLineFeed = { kind: "refused", reason: "a line ends in LF without CR" } as const;

function refused(reason: string): Extract<ResponseReading, { kind: "refused" }> {
  return { kind: "refused", reason };
}
