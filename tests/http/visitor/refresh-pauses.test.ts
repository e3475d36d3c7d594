import { expect, test } from "bun:test";
import { refreshPauses } from "../../../src/http/visitor/refresh-pauses.ts";

test("a session is left alone until its time, and no other is", () => {
  const pauses = refreshPauses();
  pauses.pauseSession("s", 1060);

  expect([pauses.isPaused("s", "app", 1059), pauses.isPaused("s", "app", 1060)]).toEqual([true, false]);
  expect(pauses.isPaused("t", "app", 1000)).toBe(false);
});

test("DOS-05: an issuer that can't be asked is left alone twice as long each time, up to five minutes", () => {
  const pauses = refreshPauses();
  let now = 1000;
  const lengths: number[] = [];
  for (let turn = 0; turn < 9; turn += 1) {
    pauses.pauseProvider("app", now);
    const from = now;
    while (pauses.isPaused("s", "app", now)) now += 1;
    lengths.push(now - from);
  }

  expect(lengths).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test("several refreshes that fail together are one failure, and a success forgets it", () => {
  const pauses = refreshPauses();
  for (let count = 0; count < 32; count += 1) pauses.pauseProvider("app", 1000);
  const together = [pauses.isPaused("s", "app", 1004), pauses.isPaused("s", "app", 1005)];
  pauses.providerWorks("app");

  expect(together).toEqual([true, false]);
  expect(pauses.isPaused("s", "app", 1001)).toBe(false);
});

test("a provider's trouble is told once a minute", () => {
  const pauses = refreshPauses();

  const told = [0, 1, 59, 60, 61].map((after) => pauses.mayComplain("app", 1000 + after));

  expect(told).toEqual([true, false, false, true, false]);
  expect(pauses.mayComplain("other", 1001)).toBe(true);
});
