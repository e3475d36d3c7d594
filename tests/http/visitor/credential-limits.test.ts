import { expect, test } from "bun:test";
import { type Attempt, credentialLimits } from "../../../src/http/visitor/credential-limits.ts";
import { turns } from "../../fakes/waits.ts";

const rate = { count: 3, seconds: 30 };

function settle(attempt: Attempt, outcome: "failed" | "spared"): string {
  if (attempt.kind === "admitted") attempt.settle(outcome);
  return attempt.kind === "admitted" ? "admitted" : `wait ${attempt.waitSeconds}`;
}

test("decision 40: so many failures, then a wait until there is a token again", async () => {
  const clock = { now: 100 };
  const limits = credentialLimits(() => clock.now, rate);
  const tries: string[] = [];
  for (let count = 0; count < 4; count += 1) tries.push(settle(await limits.enter(["a"]), "failed"));

  clock.now = 110;
  tries.push(settle(await limits.enter(["a"]), "failed"), settle(await limits.enter(["a"]), "failed"));

  expect(tries).toEqual(["admitted", "admitted", "admitted", "wait 10", "admitted", "wait 10"]);
});

test("each key has its own, and the fullest decides", async () => {
  const limits = credentialLimits(() => 100, rate);
  for (let count = 0; count < 3; count += 1) settle(await limits.enter([`address ${count}`, "user"]), "failed");

  expect(settle(await limits.enter(["address 9", "user"]), "failed")).toBe("wait 10");
  expect(settle(await limits.enter(["address 0"]), "failed")).toBe("admitted");
});

test("accepted credentials do not count", async () => {
  const limits = credentialLimits(() => 100, rate);

  for (let count = 0; count < 100; count += 1) {
    expect(settle(await limits.enter(["a", "b"]), "spared")).toBe("admitted");
  }
});

test("M2M-11: of 200 at once that fail no more than the limit are let through", async () => {
  const limits = credentialLimits(() => 100, rate);
  let through = 0;

  const all = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const attempt = await limits.enter(["a"]);
      if (attempt.kind === "admitted") through += 1;
      await turns();
      return settle(attempt, "failed");
    }),
  );

  expect(through).toBe(3);
  expect(all.filter((each) => each === "wait 10")).toHaveLength(197);
});

test("of 200 at once that are good none is refused", async () => {
  const limits = credentialLimits(() => 100, rate);

  const all = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const attempt = await limits.enter(["a"]);
      await Promise.resolve();
      return settle(attempt, "spared");
    }),
  );

  expect(new Set(all)).toEqual(new Set(["admitted"]));
});

test("without a rate nobody is limited", async () => {
  const limits = credentialLimits(() => 100, null);

  for (let count = 0; count < 100; count += 1) {
    expect(settle(await limits.enter(["a"]), "failed")).toBe("admitted");
  }
});

test("at most so many keys are known; the one used longest ago is forgotten, and full again", async () => {
  const limits = credentialLimits(() => 100, { count: 1, seconds: 60 }, 2);
  for (const key of ["a", "b", "c"]) settle(await limits.enter([key]), "failed");

  expect(settle(await limits.enter(["c"]), "failed")).toBe("wait 60");
  expect(settle(await limits.enter(["a"]), "failed")).toBe("admitted");
});
