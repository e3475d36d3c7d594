import { parseRate, type Rate } from "../../core/bounds/rate-limit.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { optionalTextOf, textOf } from "./text-type.ts";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };
const accepted = "write a whole number and a unit (s, m, h or d), for example 30s, 15m, 24h or 7d";

/** Ten years. A longer time is a mistake, and longer than browsers keep a cookie. */
const longestSeconds = 3650 * 86400;

/** `30s`, `15m`, `24h`, `7d`, `0s` in seconds (spec: reading rules). */
export function readDuration(text: string): Reading<number> {
  const parts = /^(\d{1,12})([smhd])$/.exec(text);
  const seconds = text === "0" ? 0 : Number(parts?.[1]) * (unitSeconds[parts?.[2] ?? ""] ?? Number.NaN);
  if (Number.isNaN(seconds)) return wrong("is not a duration", accepted);
  if (seconds > longestSeconds) return wrong("is longer than 3650d", "write 3650d or less");
  return ok(seconds);
}

/** A time in seconds; 0 is allowed. */
export function duration() {
  return textOf(readDuration, 0);
}

/** A time in seconds that is longer than 0. */
export function lifetime() {
  return textOf((text) => {
    const reading = readDuration(text);
    if (reading.kind === "wrong" || reading.value > 0) return reading;
    return wrong("is 0", 'write how long a session lasts, for example "24h"');
  }, 1);
}

const unitBytes: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `64KiB`, `10MiB`, `1GiB` or `0` in bytes (spec: reading rules). */
export function readSize(text: string): Reading<number> {
  if (text === "0") return ok(0);
  const parts = /^(\d{1,9})(KiB|MiB|GiB)$/.exec(text);
  const bytes = Number(parts?.[1]) * (unitBytes[parts?.[2] ?? ""] ?? Number.NaN);
  if (Number.isNaN(bytes)) {
    return wrong("is not a size", "write a whole number and a unit (KiB, MiB or GiB), for example 64KiB or 10MiB");
  }
  return ok(bytes);
}

/** A size in bytes. */
export function size() {
  return textOf(readSize, 0);
}

/** The size of a request head in bytes. A smaller limit would refuse every request; a larger one would let clients use too much memory. */
export function headSize() {
  return textOf((text) => {
    const reading = readSize(text);
    if (reading.kind === "wrong" || (reading.value >= 1024 && reading.value <= 1024 ** 2)) return reading;
    return wrong("is outside 1KiB to 1MiB", 'write a size in that range, for example "32KiB"');
  }, 32768);
}

/** A count per time, `20/1m`; `""` is null, no limit. */
export function rate() {
  return optionalTextOf((text): Reading<Rate> => {
    const read = parseRate(text);
    if (read !== null) return ok(read);
    return wrong("is not a rate", 'write COUNT/TIME, for example "20/1m"');
  });
}
