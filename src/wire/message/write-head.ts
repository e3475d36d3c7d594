import { Failure, type FailureCode } from "../../core/failure.ts";
import type { HeaderLine, HeaderLines } from "../../core/http/header-lines.ts";
import { isToken } from "./header-block.ts";

/**
 * A request's head as it goes to an upstream, in HTTP/1.1, its empty line included; a latin1 string: one UTF-16 unit a byte. Nothing is
 * added: Host and framing stand among `headers`. Throws `Failure("upstream_not_carried")` for what would split the message. `own`: see
 * UpstreamRequest; text that was made and looked at before is used again where `headers` end with them.
 */
export function requestHeadText(method: string, target: string, headers: HeaderLines, own: HeaderLines = []): string {
  if (!isToken(method) || !sendableTarget.test(target)) {
    throw new Failure("upstream_not_carried", "wire: the method or the target can't be sent");
  }
  return `${method} ${target} HTTP/1.1\r\n${fieldsText(headers, own)}\r\n`;
}

function fieldsText(headers: HeaderLines, own: HeaderLines): string {
  if (own.length === 0 || !endWith(headers, own)) return linesText(headers, "upstream_not_carried");
  return linesText(headers, "upstream_not_carried", headers.length - own.length) + knownText(own);
}

function endWith(headers: HeaderLines, last: HeaderLines): boolean {
  let at = headers.length - last.length;
  for (const line of last) {
    if (headers[at] !== line) return false;
    at += 1;
  }
  return true;
}

function knownText(own: HeaderLines): string {
  const known = textsBefore.get(own);
  if (known !== undefined) return known;
  // by way of bytes: a string that was put together of many is put together again with each use
  const text = Buffer.from(linesText(own, "upstream_not_carried"), "latin1").toString("latin1");
  textsBefore.set(own, text);
  return text;
}

const textsBefore = new WeakMap<HeaderLines, string>();

// Bytes but controls, space, DEL and `#`: what readRequestHead lets in, and nothing that a config or claim could add to it.
const sendableTarget = /^(?:\*|\/[!"$-~\u0080-\u00ff]*)$/;

/**
 * A response's head as it goes to a client, its empty line included; a latin1 string: one UTF-16 unit a byte. Always HTTP/1.1, to a 1.0
 * client too (RFC 9110 2.5). Nothing is added but `more`, lines of ours as they are written; what else is to be said of Date, Connection
 * and framing stands among `headers`. Throws `Failure("internal")` for what would split the message.
 */
export function responseHeadText(status: number, reason: string, headers: HeaderLines, more = ""): string {
  if (!isByteString(reason)) throw new Failure("internal", "wire: the reason phrase can't be sent");
  return `HTTP/1.1 ${status} ${reason}\r\n${linesText(headers, "internal")}${more}\r\n`;
}

/** The reason phrase of an answer of ours; "" for a status that we never give. */
export function reasonOf(status: number): string {
  return reasons.get(status) ?? "";
}

const reasons: ReadonlyMap<number, string> = new Map([
  [100, "Continue"],
  [101, "Switching Protocols"],
  [200, "OK"],
  [204, "No Content"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [415, "Unsupported Media Type"],
  [417, "Expectation Failed"],
  [421, "Misdirected Request"],
  [426, "Upgrade Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
]);

/**
 * Field lines as they stand on the wire, each with its CRLF, in order and case as given. The last wall against a split message: throws
 * `Failure(code)` for a name that is no token or a value with a control character or a character above 0xff (RFC 9110 5.1, 5.5). `count`:
 * how many of them, from the first on.
 */
export function linesText(lines: HeaderLines, code: FailureCode, count = lines.length): string {
  let text = "";
  for (let index = 0; index < count; index += 1) {
    const [name, value] = lines[index] ?? nothing;
    if (!isToken(name)) throw new Failure(code, "wire: a field's name is no token");
    if (!isByteString(value)) throw new Failure(code, `wire: field "${name}" has a value that can't be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

const nothing: HeaderLine = ["", ""];

/** Can `value` be a field's value or a reason phrase: bytes, and no control but the tab? */
export function isByteString(value: string): boolean {
  return !unsendable.test(value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unsendable = /[\0-\x08\n-\x1f\x7f\u0100-\uffff]/;
