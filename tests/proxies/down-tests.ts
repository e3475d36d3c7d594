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

  test("FWD-10: without akproxy nothing passes, a public path neither", async () => {
    const there: Front = { ...front, real: () => alone };
    const as = front.alice();
    const answers = await Promise.all([
      ask(there, "/nobody-judges", { as, headers: [["Accept", "text/html"]] }),
      ask(there, "/nobody-judges", { as, headers: [["Accept", "application/json"]] }),
      ask(there, "/public/nobody-judges", {}),
      ask(there, "/nobody-judges", { method: "POST", as, body: "x" }),
    ]); // together, since HAProxy tries each for 3 s

    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    expect(front.guard().application.seen("/nobody-judges")).toEqual([]);
  });
}
