import { afterAll, beforeAll, expect, test } from "bun:test";
import { ask, type Front } from "./front.ts";
import { freePort, type Real, startReal } from "./harness.ts";
import type { ProgramName } from "./programs.ts";

/** The same config, with nobody where akproxy should be. */
export function downTests(name: ProgramName, front: Front): void {
  let alone: Real;
  beforeAll(async () => {
    const outpost = `http://127.0.0.1:${freePort()}`;
    alone = await startReal(name, front.guard(), { slug: front.place.slug, outpost });
  }, 30_000);
  afterAll(async () => {
    await alone?.stop();
  });

  test.each([
    ["GET", "/nobody-judges", "text/html"],
    ["GET", "/nobody-judges", "application/json"],
    ["GET", "/public/nobody-judges", "text/html"],
    ["POST", "/nobody-judges", "*/*"],
  ])("FWD-10: without akproxy nothing passes: %s %s for %s", async (method, target, accept) => {
    const there: Front = { ...front, real: () => alone };
    const answer = await ask(there, target, { method, as: front.alice(), headers: [["Accept", accept]] });

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(front.guard().application.seen("/nobody-judges")).toEqual([]);
  });
}
