import { Failure } from "../../core/failure.ts";
import type { HeaderLines } from "../../core/http/header-lines.ts";
import { isByteString, linesText } from "./lines-text.ts";

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
