import { expect, test } from "bun:test";
import { Glob } from "bun";

/** Where time itself is what a test needs: how many pauses and timers a file has, and why. Everything else waits with `fakes/waits.ts`. */
const exceptions: Readonly<Record<string, { readonly count: number; readonly why: string }>> = {
  "fakes/raw-client.ts": { count: 1, why: "the deadline of an answer, which a test may expect not to come" },
  "fakes/waits.ts": { count: 3, why: "the pauses between two looks, and a deadline" },
  "idp/token-endpoint.test.ts": {
    count: 1,
    why: "an issuer that sends a byte every 5 ms until the deadline of the whole answer",
  },
  "stores/chaos.ts": {
    count: 8,
    why: "the pace of a random load, random times of kills, and the second in which a sign-out is known",
  },
  "wire/conformance/run.ts": { count: 1, why: "the deadline of what a row expects" },
  "wire/conformance/script.ts": {
    count: 1,
    why: "two packets to a program that does not say when it has read the first",
  },
  "wire/forward/streaming-memory.test.ts": { count: 1, why: "a reader that is slower than the writer" },
};

test("tests wait for conditions: there are no fixed pauses but those that are listed here", async () => {
  const pause = /\bsleep(Sync)?\(|\bsetTimeout\(|\bsleep \d/g;
  const counts: Record<string, number> = {};
  for (const file of new Glob("**/*.ts").scanSync("tests")) {
    const { length: count } = [...(await Bun.file(`tests/${file}`).text()).matchAll(pause)];
    if (count > 0 && file !== "house/waits.test.ts") counts[file] = count;
  }

  expect(counts).toEqual(Object.fromEntries(Object.entries(exceptions).map(([file, { count }]) => [file, count])));
});
