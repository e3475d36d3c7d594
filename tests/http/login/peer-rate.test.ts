import { expect, test } from "bun:test";
import { peerRate } from "../../../src/http/login/peer-rate.ts";

test("OUT-05: a peer may fail twenty times at once, and then once in two seconds", () => {
  let now = 1000;
  const rate = peerRate(() => now);
  for (let count = 0; count < 20; count += 1) rate.failed("192.0.2.1");

  const waits = [rate.waitOf("192.0.2.1")];
  now += 1;
  waits.push(rate.waitOf("192.0.2.1"));
  now += 1;
  waits.push(rate.waitOf("192.0.2.1"));
  rate.failed("192.0.2.1");
  waits.push(rate.waitOf("192.0.2.1"));

  expect(waits).toEqual([2, 1, 0, 2]);
  expect(rate.waitOf("192.0.2.2")).toBe(0);
});

test("who has waited long may fail twenty times again, and no more", () => {
  let now = 1000;
  const rate = peerRate(() => now);
  for (let count = 0; count < 20; count += 1) rate.failed("192.0.2.1");
  now += 86_400;

  for (let count = 0; count < 19; count += 1) rate.failed("192.0.2.1");
  const before = rate.waitOf("192.0.2.1");
  rate.failed("192.0.2.1");

  expect([before, rate.waitOf("192.0.2.1")]).toEqual([0, 2]);
});

test("of too many peers the one that failed longest ago is forgotten", () => {
  const rate = peerRate(() => 1000, 2);
  for (let count = 0; count < 20; count += 1) for (const peer of ["a", "b"]) rate.failed(peer);

  rate.failed("c");

  expect([rate.waitOf("a"), rate.waitOf("b")]).toEqual([0, 2]);
});
