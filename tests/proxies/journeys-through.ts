import { afterAll, beforeAll, describe } from "bun:test";
import type { Browser } from "../fakes/browser.ts";
import { cookieTests } from "./cookie-tests.ts";
import { domainTests } from "./domain-tests.ts";
import { downTests } from "./down-tests.ts";
import { type Front, loggedIn, type Place, places } from "./front.ts";
import { type Guard, startGuard } from "./guard.ts";
import { type Real, startReal } from "./harness.ts";
import { headerTests } from "./header-tests.ts";
import { loginTests } from "./login-tests.ts";
import { machineTests } from "./machine-tests.ts";
import { isHere, type ProgramName } from "./programs.ts";
import { trafficTests } from "./traffic-tests.ts";
import { wallTests } from "./wall-tests.ts";

/** All journeys through one program, on one instance of it for each mode; none if it is not installed; the run then lists them as left out. */
export function journeysThrough(name: ProgramName): void {
  if (!isHere(name)) return;
  let guard: Guard;
  beforeAll(async () => {
    guard = await startGuard();
  }, 30_000);
  afterAll(async () => {
    await guard?.stop();
  });

  for (const place of places) {
    describe(`${name}, ${place.mode}`, () => {
      const front = startFront(name, place, () => guard);
      loginTests(front);
      headerTests(front);
      trafficTests(front);
      machineTests(front);
      cookieTests(front);
      wallTests(front);
      if (place.mode === "forward_domain") domainTests(front);
      downTests(name, front);
    });
  }
}

function startFront(name: ProgramName, place: Place, guard: () => Guard): Front {
  let real: Real;
  let alice: Browser;
  const front: Front = { place, home: `http://${place.host}/`, guard, real: () => real, alice: () => alice };
  beforeAll(async () => {
    guard().application.forget();
    real = await startReal(name, guard(), { slug: place.slug, host: place.host });
    alice = await loggedIn(front, "alice");
  }, 30_000);
  afterAll(async () => {
    await real?.stop();
  });
  return front;
}
