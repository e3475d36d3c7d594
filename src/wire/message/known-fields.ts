import { ownText, ownWord } from "../../core/bounds/memory.ts";
import type { HeaderLine } from "../../core/http/header-lines.ts";

/**
 * A field name that was read before, with its last two lines. Nearly every name, and most whole lines, come again with the next message:
 * a browser sends the same fields with each request, an application with each response.
 */
export interface KnownField {
  readonly name: string;
  lines: readonly [KnownLine | null, KnownLine | null];
  changes: number; //                              how many other lines arrived since one of these
  readonly isSecret: boolean; //                   its lines are not kept
}

/** A line that was read: its text from the colon to the end of the CRLF, and the result. */
interface KnownLine {
  readonly rest: string;
  readonly line: HeaderLine;
}

/** `placeOf` gives each name one place. The number of places is fixed, since clients choose the names. */
const places = new Array<KnownField | undefined>(1024);
const longestName = 64;
const longestRest = 1024;

/** Fields with credentials. Their lines are read anew each time, so that no request leaves them in memory (SECURITY.md, 9). */
const secretNames: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** The field whose name is in `text` from `from` to `to`; null for a name that is too long to be kept. */
export function knownField(text: string, from: number, to: number): KnownField | null {
  const length = to - from;
  if (length > longestName) return null;
  const place = placeOf(text, from, length);
  const known = places[place];
  if (known !== undefined && known.name.length === length && text.startsWith(known.name, from)) return known;
  const name = ownWord(text.slice(from, to));
  const field: KnownField = { name, lines: [null, null], changes: 0, isSecret: secretNames.has(name.toLowerCase()) };
  places[place] = field;
  return field;
}

/** The place depends on the length and four letters. Of a hundred common names, in both usual cases, eight share a place. */
function placeOf(text: string, from: number, length: number): number {
  const last = from + length - 1;
  const [first, middle] = [text.charCodeAt(from), text.charCodeAt(from + (length >> 1))];
  const [fourthLast, end] = [text.charCodeAt(length > 3 ? last - 3 : last), text.charCodeAt(last)];
  return (235 * length + 645 * first + 79 * end + 951 * middle + 353 * fourthLast) & 1023;
}

/** The line of `field` in `text` whose colon is at `colon`, if it equals one of the last two lines; else null. */
export function knownLine(field: KnownField | null, text: string, colon: number): KnownLine | null {
  if (field === null) return null;
  const [latest, earlier] = field.lines;
  if (latest !== null && text.startsWith(latest.rest, colon)) {
    field.changes = 0;
    return latest;
  }
  if (earlier === null || !text.startsWith(earlier.rest, colon)) return null;
  field.changes = 0;
  field.lines = [earlier, latest];
  return earlier;
}

/**
 * The line of `field` whose value is in `text` from `from` to `to`; its colon is at `colon`, and the line ends at `end`. The line is kept for
 * the next message unless it is long or secret. Of a field that changed each of the last eight times, every sixteenth line is kept.
 */
export function newLine(
  field: KnownField,
  text: string,
  colon: number,
  from: number,
  to: number,
  end: number,
): HeaderLine {
  field.changes += 1;
  const isKept = !field.isSecret && end - colon <= longestRest && (field.changes <= 8 || (field.changes & 15) === 0);
  if (!isKept) return [field.name, text.slice(from, to)];
  const rest = ownText(text.slice(colon, end));
  const line: HeaderLine = [field.name, rest.slice(from - colon, to - colon)];
  field.lines = [{ rest, line }, field.lines[0]];
  return line;
}
