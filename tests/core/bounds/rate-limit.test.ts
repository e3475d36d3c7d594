import { expect, test } from "bun:test";
import { bucketAt, parseRate, secondsToWait } from "../../../src/core/bounds/rate-limit.ts";

const rate = { count: 20, seconds: 60 };

test.each([
  ["20/1m", { count: 20, seconds: 60 }],
  ["20/m", { count: 20, seconds: 60 }],
  ["1/30s", { count: 1, seconds: 30 }],
  ["5/2h", { count: 5, seconds: 7200 }],
  ["9/1d", { count: 9, seconds: 86_400 }],
])("%j is a rate", (text, expected) => {
  expect(parseRate(text)).toEqual(expected);
});

test.each(["", "many", "0/1m", "20", "20/", "20/0s", "20/1w", "-1/1m", "1.5/1m", " 20/1m", "20/1m "])(
  "%j is not a rate",
  (text) => {
    expect(parseRate(text)).toBeNull();
  },
);

test.each([
  [undefined, 100, 20],
  [{ left: 0, at: 100 }, 100, 0],
  [{ left: 0, at: 100 }, 103, 1],
  [{ left: 0, at: 100 }, 160, 20],
  [{ left: 15, at: 100 }, 900, 20],
  [{ left: 5, at: 100 }, 90, 5],
])("the bucket %j holds at %d: %d", (bucket, now, left) => {
  expect(bucketAt(bucket, rate, now)).toEqual({ left, at: now });
});

test.each([
  [20, 0],
  [1, 0],
  [0.5, 2],
  [0, 3],
  [0.999, 1],
])("with %d left the next token is %d seconds away", (left, seconds) => {
  expect(secondsToWait({ left, at: 0 }, rate)).toBe(seconds);
});
