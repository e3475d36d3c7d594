import { ok, type Reading, wrong } from "./reading.ts";

const unitBytes: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `64KiB`, `10MiB`, `1GiB` or `0` in bytes (spec: reading rules). */
export function readSize(text: string): Reading<number> {
  if (text === "0") return ok(0);
  const parts = /^(\d{1,9})(KiB|MiB|GiB)$/.exec(text);
  const bytes = Number(parts?.[1]) * (unitBytes[parts?.[2] ?? ""] ?? Number.NaN);
  if (Number.isNaN(bytes)) {
    return wrong("is not a size", "write a whole number and one of KiB, MiB, GiB: 64KiB or 10MiB; or 0");
  }
  return ok(bytes);
}
