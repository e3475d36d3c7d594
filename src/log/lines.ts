import type { LogLevel } from "../core/config.ts";
import { printable } from "../core/printable.ts";
import type { LogFields } from "../ports/log.ts";

type LogValue = LogFields[string];

/** The longest value of a log line in UTF-16 units; clients choose paths and user names (DOS-08). */
const longestValue = 2048;

/** `value` cut to `longestValue`, followed by the number of units that were cut. */
function capped(value: LogValue): LogValue {
  if (typeof value !== "string" || value.length <= longestValue) return value;
  return `${value.slice(0, longestValue).toWellFormed()}…(+${value.length - longestValue})`;
}

/** `value` as JSON without a character that can end a line or control a terminal, so no client can forge a log line. */
function jsonText(value: LogValue | LogFields): string {
  return printable(JSON.stringify(value));
}

/**
 * One JSON object: `time` (RFC 3339, UTC, milliseconds; `now` in milliseconds since the epoch), `level`, `event`, then the fields in their
 * order. A field cannot replace one of the first three.
 */
export function jsonLine(now: number, level: LogLevel, event: string, fields: LogFields): string {
  const first = { time: new Date(now).toISOString(), level, event: capped(event) };
  const rest = Object.entries(fields).map(([name, value]) => [name, capped(value)] as const);
  return jsonText({ ...first, ...Object.fromEntries(rest), ...first });
}

/** How a text line looks: with a time or without (the journal adds one), with colours or without. */
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

/** A value that needs no quotes in `name=value`: it has no space, quote, `=` or backslash, and no invisible character. */
const bareValue = /^[^\s"=\\\p{C}\p{Z}]+$/u;

/** One aligned line: time, level, event, then `name=value`. A value with a space, `=`, `"` or a control character is quoted as JSON. */
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
