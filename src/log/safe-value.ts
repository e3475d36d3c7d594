import type { LogFields } from "../ports/log.ts";

type LogValue = LogFields[string];

/** The longest value of a log line in UTF-16 units; a visitor chooses paths and user names (DOS-08). */
export const longestValue = 2048;

/**
 * What JSON leaves as it is and a terminal or a log viewer may obey: DEL, the C1 controls, line and paragraph separators and the
 * marks that turn the direction of text (CVE-2021-42574 shows what these do to a reader).
 */
const obeyedCharacters = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** `value` cut to `longestValue`, with the number of units left out behind it. */
export function capped(value: LogValue): LogValue {
  if (typeof value !== "string" || value.length <= longestValue) return value;
  return `${value.slice(0, longestValue).toWellFormed()}…(+${value.length - longestValue})`;
}

/** `value` as JSON in which no character is left that can end a line or steer a terminal: nobody writes a log line but us. */
export function jsonText(value: LogValue | LogFields): string {
  return JSON.stringify(value).replace(
    obeyedCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
