import { remembered } from "../bounds/memory.ts";

/** One header field line: [name as sent, value]. */
export type HeaderLine = readonly [name: string, value: string];

/**
 * Header field lines in the order received, with duplicates and case (RFC 9110 5.2, 5.3). The core does not use `Headers`, which loses order and
 * case. Values are byte strings: one UTF-16 unit for each byte (0-255).
 */
export type HeaderLines = readonly HeaderLine[];

/** A name in lower case, cached: a new string each time would be most of the cost of a head. */
export const lowerCaseName: (name: string) => string = remembered((name) => name.toLowerCase());

/**
 * Is this the name of the line, in any case? Most names differ in length or in their first letter, which is compared first: a name in lower case
 * costs a look-up. Upper and lower case of a letter differ in one bit.
 */
export function isNamed(lineName: string, name: string): boolean {
  if (lineName.length !== name.length) return false;
  if (lineName === name) return true;
  return (
    (lineName.charCodeAt(0) | 0x20) === (name.charCodeAt(0) | 0x20) && lowerCaseName(lineName) === lowerCaseName(name)
  );
}

/** The first line named `name` (any case); null when there is none. */
export function firstLine(lines: HeaderLines, name: string): HeaderLine | null {
  for (const line of lines) if (isNamed(line[0], name)) return line;
  return null;
}

/** The value of the first line named `name` (any case); null when there is none. */
export function firstValue(lines: HeaderLines, name: string): string | null {
  for (const [lineName, value] of lines) if (isNamed(lineName, name)) return value;
  return null;
}

/** The value of the only line named `name` (any case); "" when there is none, null when there are several. */
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

/** The comma-separated members of every line named `name`, trimmed, lower-cased, empty ones dropped (RFC 9110 5.6.1). */
export function listMembers(lines: HeaderLines, name: string): readonly string[] {
  const values = allValues(lines, name);
  if (values.length === 0) return values;
  return values
    .flatMap((value) => value.split(","))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");
}

/** The lines for whose names `unwanted` is false; it gets names in lower case. */
export function withoutNames(lines: HeaderLines, unwanted: (lowerCaseName: string) => boolean): HeaderLines {
  return lines.filter(([name]) => !unwanted(lowerCaseName(name)));
}

/** SP or HTAB, which may surround a field value and its parts (RFC 9110 5.6.3: OWS). */
export function isBlank(char: string): boolean {
  return char === " " || char === "\t";
}

/**
 * `text` without the characters at both ends for which `isDropped` is true. A loop, because a pattern with `+$` takes quadratic time on 32 KiB
 * of spaces.
 */
export function trimmed(text: string, isDropped: (char: string) => boolean): string {
  let [start, end] = [0, text.length];
  while (start < end && isDropped(text.charAt(start))) start++;
  while (end > start && isDropped(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
