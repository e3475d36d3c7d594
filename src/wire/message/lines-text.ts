import { Failure, type FailureCode } from "../../core/failure.ts";
import type { HeaderLine, HeaderLines } from "../../core/http/header-lines.ts";
import { isToken } from "./header-block.ts";

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
