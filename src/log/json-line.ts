import type { LogLevel } from "../core/config.ts";
import type { LogFields } from "../ports/log.ts";
import { capped, jsonText } from "./safe-value.ts";

/**
 * One JSON object: `time` (RFC 3339, UTC, milliseconds; `now` in milliseconds since the epoch), `level`, `event`, then the fields in
 * their order. A field cannot take the place of the first three.
 */
export function jsonLine(now: number, level: LogLevel, event: string, fields: LogFields): string {
  const first = { time: new Date(now).toISOString(), level, event: capped(event) };
  const rest = Object.entries(fields).map(([name, value]) => [name, capped(value)] as const);
  return jsonText({ ...first, ...Object.fromEntries(rest), ...first });
}
