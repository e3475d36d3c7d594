import { afterAll, beforeAll, expect, test } from "bun:test";
import { freePort } from "../fakes/free-port.ts";
import { type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { ask, type Front } from "./front.ts";
import { type Real, startReal } from "./harness.ts";
import type { ProgramName } from "./programs.ts";

/** The same config while akproxy is down, or another program answers in its place. */
export function downTests(name: ProgramName, front: Front): void {
  nobodyThere(name, front);
  somebodyElseThere(name, front);
}

function nobodyThere(name: ProgramName, front: Front): void {
  test("FWD-10: without akproxy no request passes, not even to a public path", async () => {
    const alone = await startReal(name, front.guard(), {
      slug: front.place.slug,
      host: front.place.host,
      outpost: `http://127.0.0.1:${freePort()}`,
    });

    const statuses = await statusesOf(front, alone);
    await alone.stop();

    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(front.guard().application.seen("/nobody-judges")).toEqual([]);
  }, 30_000);
}

function somebodyElseThere(name: ProgramName, front: Front): void {
  let said = "";
  let broken: RawUpstream;
  let real: Real;
  beforeAll(async () => {
    broken = await startRawUpstream((exchange) => exchange.end(said));
    real = await startReal(name, front.guard(), {
      slug: front.place.slug,
      host: front.place.host,
      outpost: broken.origin,
    });
  }, 30_000);
  afterAll(async () => {
    await real?.stop();
    await broken?.stop();
  });

  test.each([
    ["that hangs up", ""],
    ["that breaks off in its answer", "HTTP/1.1 200"],
    ["that is another server", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    ["that is too busy", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"],
  ])(
    "FWD-10: with an akproxy %s nothing passes",
    async (_which, bytes) => {
      said = bytes;

      const statuses = await statusesOf(front, real);

      expect(statuses.filter((status) => status < 400)).toEqual([]);
      expect(front.guard().application.seen("/nobody-judges")).toEqual([]);
    },
    30_000,
  );
}

/** The answers to four requests, some of them with Alice's cookies. They are sent together, because HAProxy retries for 3 s. */
async function statusesOf(front: Front, real: Real): Promise<readonly number[]> {
  const there: Front = { ...front, real: () => real };
  const as = front.alice();
  const answers = await Promise.all([
    ask(there, "/nobody-judges", { as, headers: [["Accept", "text/html"]] }),
    ask(there, "/nobody-judges", { as, headers: [["Accept", "application/json"]] }),
    ask(there, "/public/nobody-judges", {}),
    ask(there, "/nobody-judges", { method: "POST", as, body: "x" }),
  ]);
  return answers.map(({ status }) => status);
}
