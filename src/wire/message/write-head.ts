import { Failure, type FailureCode } from "../../core/failure.ts";
import type { HeaderLine, HeaderLines } from "../../core/http/header-lines.ts";
import { isToken } from "./header-block.ts";

/**
 * A request's head as it goes to an upstream, in HTTP/1.1, including its empty line; a latin1 string: one UTF-16 unit a byte. Nothing is
 * added: `headers` contain Host and framing. Throws `Failure("upstream_not_carried")` for a value that would split the message. `own`: see
 * UpstreamRequest. If `headers` end with these lines, their text is made and checked once and then reused.
 */
export function requestHeadText(method: string, target: string, headers: HeaderLines, own: HeaderLines = []): string {
  if (!isToken(method) || !sendableTarget.test(target)) {
    throw new Failure("upstream_not_carried", "wire: the method or the target cannot be sent");
  }
  return `${method} ${target} HTTP/1.1\r\n${fieldsText(headers, own)}\r\n`;
}

function fieldsText(headers: HeaderLines, own: HeaderLines): string {
  if (own.length === 0 || !endWith(headers, own)) return linesText(headers, "upstream_not_carried");
  return linesText(headers, "upstream_not_carried", headers.length - own.length) + cachedText(own);
}

function endWith(headers: HeaderLines, last: HeaderLines): boolean {
  let at = headers.length - last.length;
  for (const line of last) {
    if (headers[at] !== line) return false;
    at += 1;
  }
  return true;
}

function cachedText(own: HeaderLines): string {
  const known = cachedTexts.get(own);
  if (known !== undefined) return known;
  // Through a Buffer: a string that was joined from many parts would be joined again at each use
  const text = Buffer.from(linesText(own, "upstream_not_carried"), "latin1").toString("latin1");
  cachedTexts.set(own, text);
  return text;
}

const cachedTexts = new WeakMap<HeaderLines, string>();

// Every byte that readRequestHead accepts: no control byte, space, DEL or `#`, which a config or a claim could have added
const sendableTarget = /^(?:\*|\/[!"$-~\u0080-\u00ff]*)$/;

/**
 * A response's head as it goes to a client, including its empty line; a latin1 string: one UTF-16 unit a byte. Always HTTP/1.1, to a 1.0
 * client too (RFC 9110 2.5). Only `more` is added, text of complete lines; `headers` contain the other lines of Date, Connection and
 * framing. Throws `Failure("internal")` for a value that would split the message.
 */
export function responseHeadText(status: number, reason: string, headers: HeaderLines, more = ""): string {
  if (!isByteString(reason)) throw new Failure("internal", "wire: the reason phrase cannot be sent");
  return `HTTP/1.1 ${status} ${reason}\r\n${linesText(headers, "internal")}${more}\r\n`;
}

/** The reason phrase of akproxy's own answer; "" for a status that akproxy never sends. */
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
 * Field lines as text, each with its CRLF, in the given order and case. The last check against a split message: throws `Failure(code)` for a
 * name that is not a token or a value with a control character or a character above 0xff (RFC 9110 5.1, 5.5). `count`: how many of the
 * lines, from the first on.
 */
export function linesText(lines: HeaderLines, code: FailureCode, count = lines.length): string {
  let text = "";
  for (let index = 0; index < count; index += 1) {
    const [name, value] = lines[index] ?? nothing;
    if (!isToken(name)) throw new Failure(code, "wire: a field name is not a token");
    if (!isByteString(value)) throw new Failure(code, `wire: field "${name}" has a value that cannot be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

const nothing: HeaderLine = ["", ""];

/** Is `value` valid as a field value or reason phrase: only bytes, and no control character other than tab? */
export function isByteString(value: string): boolean {
  return !unsendable.test(value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unsendable = /[\0-\x08\n-\x1f\x7f\u0100-\uffff]/;
