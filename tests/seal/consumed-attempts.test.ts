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

test("OIDC-02: an expired attempt is never consumed, so forgetting it opens nothing", () => {
  const clock = { now: 1000 };
  const used = consumedAttempts(() => clock.now);
  used.consume("a", 1600);
  clock.now = 1700;

  expect(used.consume("a", 1600)).toBe(false);
  expect(used.consume("new", 1700)).toBe(false);
});

test("when it is full the one used longest ago is forgotten and the others are not", () => {
  const used = consumedAttempts(() => 1000, 3);
  for (const digest of ["a", "b", "c", "d"]) expect(used.consume(digest, 1600)).toBe(true);

  expect(used.consume("b", 1600)).toBe(false);
  expect(used.consume("d", 1600)).toBe(false);
  expect(used.consume("a", 1600)).toBe(true);
});

test("expired ones make room before any other is forgotten", () => {
  const clock = { now: 1000 };
  const used = consumedAttempts(() => clock.now, 2);
  used.consume("kept", 9000);
  used.consume("short", 1010);
  clock.now = 1100;

  expect(used.consume("new", 9000)).toBe(true);

  expect(used.consume("kept", 9000)).toBe(false);
});
