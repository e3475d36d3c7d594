import { expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { storeHealth } from "../../../src/http/admin/store-health.ts";
import { keptLog } from "../../fakes/kept-log.ts";

/** A store whose probes fail with `reason` or succeed, each only after `gate`. */
function storeAt(clock: { now: number }) {
  const state = { probes: 0, reason: null as string | null, gate: Promise.resolve() };
  const log = keptLog();
  const sessions = {
    async probe() {
      state.probes += 1;
      await state.gate;
      if (state.reason !== null) throw new Failure("store_unavailable", state.reason);
    },
  };
  return { state, lines: log.lines, health: storeHealth({ sessions, log, clock: () => clock.now }) };
}

test("decision 58: the store is probed at most once every five seconds, however often it is asked", async () => {
  const clock = { now: 0 };
  const { state, health } = storeAt(clock);

  const answers = await Promise.all([health(), health(), health()]);
  clock.now = 4999;
  await health();
  const within = state.probes;
  clock.now = 5000;
  await health();

  expect(answers).toEqual([null, null, null]);
  expect([within, state.probes]).toEqual([1, 2]);
});

test("a probe that takes longer than five seconds is not joined by a second one", async () => {
  const clock = { now: 0 };
  const { state, health } = storeAt(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;

  const first = health();
  clock.now = 20_000;
  const second = health();
  resolve();

  expect(await Promise.all([first, second])).toEqual([null, null]);
  expect(state.probes).toBe(1);
});

test("a store that stops taking sessions is an error in the log, once, and so is its return", async () => {
  const clock = { now: 0 };
  const { state, lines, health } = storeAt(clock);
  await health();
  const answers: (string | null)[] = [];

  for (const reason of ["READONLY", "READONLY", null, null]) {
    state.reason = reason;
    clock.now += 5000;
    answers.push(await health());
  }

  expect(answers).toEqual(["READONLY", "READONLY", null, null]);
  expect(lines).toEqual([
    'error session store takes no sessions {"reason":"READONLY"}',
    "info session store takes sessions again {}",
  ]);
});
