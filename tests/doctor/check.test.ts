import { expect, test } from "bun:test";
import { Failure } from "../../src/core/failure.ts";
import { ok, within } from "../../src/doctor/check.ts";
import { worldOf } from "./checks.ts";

test("a check's own result is passed on", async () => {
  const fine = ok("store", "answers");

  expect(await within(worldOf(), "store", Promise.resolve(fine))).toBe(fine);
});

test("a Failure is a failed check with its message", async () => {
  const broken = Promise.reject(new Failure("store_unavailable", "session store: away"));

  expect(await within(worldOf(), "store", broken)).toEqual({
    name: "store",
    standing: "fail",
    text: "session store: away",
    fix: "correct what the message names",
    cause: null,
  });
});

test("a bug is not a failed check", async () => {
  const bug = Promise.reject(new TypeError("a bug"));

  expect(within(worldOf(), "store", bug)).rejects.toThrow("a bug");
});

test("a check that never ends is a failed check, half a second after the time of a check", async () => {
  const from = performance.now();

  const check = await within(worldOf({ timeoutMilliseconds: 50 }), "store", new Promise(() => {}));

  expect(check).toMatchObject({ name: "store", standing: "fail", text: "no result within 0.05 s" });
  expect(performance.now() - from).toBeGreaterThanOrEqual(549);
});
