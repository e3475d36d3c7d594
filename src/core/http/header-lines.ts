import { remembered } from "../bounds/memory.ts";

/** One header field line as it stands on the wire: [name as sent, value]. */
export type HeaderLine = readonly [name: string, value: string];

/**
 * Header field lines in the order received, duplicates and case kept (RFC 9110 5.2, 5.3). The core works on these and not on
 * `Headers`, so that a wire which keeps order and case loses nothing here. Values are byte strings: one UTF-16 unit a byte (0-255).
 */
export type HeaderLines = readonly HeaderLine[];

/** A name in lower case. By memory: each time it would be a new string, and those are most of what a head costs. */
export const lowerCaseName: (name: string) => string = remembered((name) => name.toLowerCase());

/**
 * Is a line's name this one, in any case? Most names differ in length or in their first letter, and are told apart by that alone: a name in
 * lower case is a new string. The cases of a letter are one bit apart.
 */
export function isNamed(lineName: string, name: string): boolean {
  if (lineName.length !== name.length) return false;
  if (lineName === name) return true;
  return (
    (lineName.charCodeAt(0) | 0x20) === (name.charCodeAt(0) | 0x20) && lowerCaseName(lineName) === lowerCaseName(name)
  );
}

/** The first line called `name` (any case); null when there is none. */
export function firstLine(lines: HeaderLines, name: string): HeaderLine | null {
  for (const line of lines) if (isNamed(line[0], name)) return line;
  return null;
}

/** The value of the first line called `name` (any case); null when there is none. */
export function firstValue(lines: HeaderLines, name: string): string | null {
  for (const [lineName, value] of lines) if (isNamed(lineName, name)) return value;
  return null;
}

/** The value of the only line called `name` (any case); "" when there is none, null when there are several. */
export function soleValue(lines: HeaderLines, name: string): string | null {
  let found: string | undefined;
  for (const [lineName, value] of lines) {
    if (!isNamed(lineName, name)) continue;
    if (found !== undefined) return null;
    found = value;
  }
  return found ?? "";
}

/** All values of `name`, in order. */
export function allValues(lines: HeaderLines, name: string): readonly string[] {
  const values: string[] = [];
  for (const [lineName, value] of lines) if (isNamed(lineName, name)) values.push(value);
  return values;
}

/** The comma-separated members of every line called `name`, trimmed, lower-cased, empty ones dropped (RFC 9110 5.6.1). */
export function listMembers(lines: HeaderLines, name: string): readonly string[] {
  const values = allValues(lines, name);
  if (values.length === 0) return values;
  return values
    .flatMap((value) => value.split(","))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");
}

/** The lines whose name does not satisfy `unwanted`; names are given in lower case. */
export function withoutNames(lines: HeaderLines, unwanted: (lowerCaseName: string) => boolean): HeaderLines {
  return lines.filter(([name]) => !unwanted(lowerCaseName(name)));
}

/** SP and HTAB, which may stand around a field value and between its parts (RFC 9110 5.6.3: OWS). */
export function isBlank(char: string): boolean {
  return char === " " || char === "\t";
}

/** `text` without what `isDropped` says of at both its ends. By a loop: a pattern with `+$` takes quadratic time on 32 KiB of spaces. */
export function trimmed(text: string, isDropped: (char: string) => boolean): string {
  let [start, end] = [0, text.length];
  while (start < end && isDropped(text.charAt(start))) start++;
  while (end > start && isDropped(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
