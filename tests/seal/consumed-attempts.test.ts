import { expect, test } from "bun:test";
import { consumedAttempts } from "../../src/seal/consumed-attempts.ts";

test("OIDC-02: an attempt is consumed once; in another window, later, or after a sweep it is a replay", () => {
  const clock = { now: 1000 };
  const used = consumedAttempts(() => clock.now);

  expect(used.consume("a", 1600)).toBe(true);
  expect(used.consume("a", 1600)).toBe(false);
  expect(used.consume("b", 1600)).toBe(true);
  clock.now = 1599;
  expect(used.consume("a", 1600)).toBe(false);
});

test("OIDC-02: an expired attempt is never consumed, so deleting it allows no replay", () => {
  const clock = { now: 1000 };
  const used = consumedAttempts(() => clock.now);
  used.consume("a", 1600);
  clock.now = 1700;

  expect(used.consume("a", 1600)).toBe(false);
  expect(used.consume("new", 1700)).toBe(false);
});

test("when it is full, the oldest attempt is evicted and the others stay", () => {
  const used = consumedAttempts(() => 1000, 3);
  for (const digest of ["a", "b", "c", "d"]) expect(used.consume(digest, 1600)).toBe(true);

  expect(used.consume("b", 1600)).toBe(false);
  expect(used.consume("d", 1600)).toBe(false);
  expect(used.consume("a", 1600)).toBe(true);
});

test("expired attempts are deleted before another is evicted", () => {
  const clock = { now: 1000 };
  const used = consumedAttempts(() => clock.now, 2);
  used.consume("kept", 9000);
  used.consume("short", 1010);
  clock.now = 1100;

  expect(used.consume("new", 9000)).toBe(true);

  expect(used.consume("kept", 9000)).toBe(false);
});
