import { expect, test } from "bun:test";
import { seenTokens } from "../../../src/http/login/seen-tokens.ts";

test("OUT-03: a jti is taken once in five minutes, for each issuer by itself", () => {
  let now = 1000;
  const seen = seenTokens(() => now);

  const first = [seen.take("i", "j"), seen.take("i", "j"), seen.take("other", "j"), seen.take("i", "j2")];
  now += 299;
  const late = seen.take("i", "j");
  now += 1;
  const later = seen.take("i", "j");

  expect(first).toEqual([true, false, true, true]);
  expect([late, later]).toEqual([false, true]);
});

test("what could not be done may come again", () => {
  const seen = seenTokens(() => 1000);
  seen.take("i", "j");

  seen.giveBack("i", "j");

  expect(seen.take("i", "j")).toBe(true);
});

test("when it is full the one taken longest ago is forgotten", () => {
  const seen = seenTokens(() => 1000, 2);
  for (const id of ["1", "2", "3"]) seen.take("i", id);

  expect([seen.take("i", "3"), seen.take("i", "1")]).toEqual([false, true]);
});
