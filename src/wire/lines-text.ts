import { Failure, type FailureCode } from "../core/failure.ts";
import type { HeaderLines } from "../core/header-lines.ts";
import { endOfToken, endOfValue } from "./header-block.ts";

/**
 * Field lines as they stand on the wire, each with its CRLF, in order and case as given. The last wall against a split message: throws
 * `Failure(code)` for a name that is no token or a value with a control character or a character above 0xff (RFC 9110 5.1, 5.5).
 */
export function linesText(lines: HeaderLines, code: FailureCode): string {
  let text = "";
  for (const [name, value] of lines) {
    if (name === "" || endOfToken(name, 0) !== name.length) throw new Failure(code, "wire: a field's name is no token");
    if (!isByteString(value)) throw new Failure(code, `wire: field "${name}" has a value that can't be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** Can `value` be a field's value or a reason phrase: bytes, and no control but the tab? */
export function isByteString(value: string): boolean {
  return endOfValue(value, 0) === value.length && !aboveBytes.test(value);
}

const aboveBytes = /[\u0100-\uffff]/;
