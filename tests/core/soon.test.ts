import { expect, test } from "bun:test";
import { rescued, whenKnown } from "../../src/core/soon.ts";

test("a value is used at once, a promise when it resolves", async () => {
  const double = (value: number) => value * 2;

  expect(whenKnown(21, double)).toBe(42);
  expect(await whenKnown(Promise.resolve(21), double)).toBe(42);
  expect(await Promise.resolve(whenKnown(Promise.reject(new Error("away")), double)).catch(() => "passed by")).toBe(
    "passed by",
  );
});

test("a failure is rescued when it is thrown and when it is rejected", async () => {
  const rescue = () => "rescued";
  const fault = () => {
    throw new Error("a fault");
  };

  expect(rescued<string>(() => "made", rescue)).toBe("made");
  expect(rescued<string>(fault, rescue)).toBe("rescued");
  expect(await rescued<string>(async () => fault(), rescue)).toBe("rescued");
});
