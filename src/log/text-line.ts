import type { LogLevel } from "../core/config.ts";
import type { LogFields } from "../ports/log.ts";
import { capped, jsonText } from "./safe-value.ts";

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
