import { ok, type Reading, wrong } from "./reading.ts";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };
const accepted = "write a whole number and one of s, m, h, d: 30s, 15m, 24h or 7d; 0s where the key allows none";

/** Ten years: longer is a slip, and cookies have no use for it. */
const longestSeconds = 3650 * 86400;

/** `30s`, `15m`, `24h`, `7d`, `0s` in seconds (spec: reading rules). */
export function readDuration(text: string): Reading<number> {
  const parts = /^(\d{1,12})([smhd])$/.exec(text);
  const seconds = text === "0" ? 0 : Number(parts?.[1]) * (unitSeconds[parts?.[2] ?? ""] ?? Number.NaN);
  if (Number.isNaN(seconds)) return wrong("is not a duration", accepted);
  if (seconds > longestSeconds) return wrong("is longer than 3650d", "write 3650d or less");
  return ok(seconds);
}
