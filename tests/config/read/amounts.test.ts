import { expect, test } from "bun:test";
import { readDuration, readSize } from "../../../src/config/read/amounts.ts";
import { ok, type Reading } from "../../../src/config/reading.ts";

function message(reading: Reading<unknown>): string | null {
  return reading.kind === "ok" ? null : reading.message;
}

test.each([
  ["30s", 30],
  ["15m", 900],
  ["24h", 86400],
  ["7d", 604800],
  ["0s", 0],
  ["0", 0],
  ["3650d", 315360000],
])("the duration %s is %d seconds", (text, seconds) => {
  expect(readDuration(text)).toEqual(ok(seconds));
});

test.each([
  ["", "is not a duration"],
  ["24", "is not a duration"],
  ["15 m", "is not a duration"],
  ["1.5h", "is not a duration"],
  ["-1s", "is not a duration"],
  ["1h30m", "is not a duration"],
  ["24H", "is not a duration"],
  ["10ms", "is not a duration"],
  ["3651d", "is longer than 3650d"],
  ["999999999999d", "is longer than 3650d"],
])("the duration %p is refused", (text, why) => {
  expect(message(readDuration(text))).toBe(why);
});

test.each([
  ["64KiB", 65536],
  ["10MiB", 10485760],
  ["1GiB", 1073741824],
  ["0", 0],
])("the size %s is %d bytes", (text, bytes) => {
  expect(readSize(text)).toEqual(ok(bytes));
});

test.each(["", "64", "64KB", "64k", "1.5MiB", "-1KiB", "64 KiB", "64kib"])("the size %p is refused", (text) => {
  expect(message(readSize(text))).toBe("is not a size");
});
