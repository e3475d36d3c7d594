import type { LogLevel } from "../core/config.ts";
import type { LogFields } from "../ports/log.ts";

type LogValue = LogFields[string];

/** The longest value of a log line in UTF-16 units; a visitor chooses paths and user names (DOS-08). */
const longestValue = 2048;

/**
 * What JSON leaves as it is and a terminal or a log viewer may obey: DEL, the C1 controls, line and paragraph separators and the
 * marks that turn the direction of text (CVE-2021-42574 shows what these do to a reader).
 */
const obeyedCharacters = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** `value` cut to `longestValue`, with the number of units left out behind it. */
function capped(value: LogValue): LogValue {
  if (typeof value !== "string" || value.length <= longestValue) return value;
  return `${value.slice(0, longestValue).toWellFormed()}…(+${value.length - longestValue})`;
}

/** `value` as JSON in which no character is left that can end a line or steer a terminal: nobody writes a log line but us. */
function jsonText(value: LogValue | LogFields): string {
  return JSON.stringify(value).replace(
    obeyedCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * One JSON object: `time` (RFC 3339, UTC, milliseconds; `now` in milliseconds since the epoch), `level`, `event`, then the fields in
 * their order. A field cannot take the place of the first three.
 */
export function jsonLine(now: number, level: LogLevel, event: string, fields: LogFields): string {
  const first = { time: new Date(now).toISOString(), level, event: capped(event) };
  const rest = Object.entries(fields).map(([name, value]) => [name, capped(value)] as const);
  return jsonText({ ...first, ...Object.fromEntries(rest), ...first });
}

/** How a text line looks: with a time of its own or not (the journal has one), painted or plain. */
export interface TextLook {
  readonly time: "own" | "none";
  readonly colour: "ansi" | "plain";
}

const eventWidth = 24;
const levelWidth = 5;
const levelColour: Readonly<Record<LogLevel, string>> = {
  trace: "90",
  debug: "90",
  info: "32",
  warn: "33",
  error: "31",
};

/** A value that needs no quotes in `name=value`: nothing in it ends a value, begins a name or is invisible. */
const bareValue = /^[^\s"=\\\p{C}\p{Z}]+$/u;

/** One aligned line: time, level, event, then `name=value`, a value quoted as JSON where it holds a space, `=`, `"` or a control. */
export function textLine(look: TextLook, now: number, level: LogLevel, event: string, fields: LogFields): string {
  const ansi = (sgr: string, text: string): string =>
    look.colour === "ansi" ? `\u001b[${sgr}m${text}\u001b[0m` : text;
  const pairs = Object.entries(fields).map(([name, value]) => `${ansi("2", `${name}=`)}${textValue(value)}`);
  const time = look.time === "own" ? [ansi("2", new Date(now).toISOString())] : [];
  const words = jsonText(capped(event)).slice(1, -1);
  return [
    ...time,
    ansi(levelColour[level], level.toUpperCase().padEnd(levelWidth)),
    pairs.length === 0 ? words : words.padEnd(eventWidth),
    ...pairs,
  ].join(" ");
}

function textValue(value: LogFields[string]): string {
  const shown = capped(value);
  return typeof shown === "string" && !bareValue.test(shown) ? jsonText(shown) : String(shown);
}
