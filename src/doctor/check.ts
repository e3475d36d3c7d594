import { Failure } from "../core/failure.ts";

/** What doctor found at one point. Neither text nor fix holds a secret. */
export interface Check {
  readonly name: string; //                        a few words, the same at every run
  readonly standing: Standing;
  readonly text: string;
  readonly fix: string | null; //                  the next action, where there is one
  readonly cause: "unreachable" | null; //         unreachable: the issuer or an upstream does not answer
}

/** unknown: it can't be told from here. */
export type Standing = "ok" | "warn" | "fail" | "unknown";

/** The checks of one subject, in order. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** What the checks need of the world. */
export interface DoctorWorld {
  readonly version: string;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: (count: number) => Uint8Array;
  readonly timeoutMilliseconds: number; //         of each check
}

export function ok(name: string, text: string): Check {
  return { name, standing: "ok", text, fix: null, cause: null };
}

export function untold(name: string, text: string, fix: string | null = null): Check {
  return { name, standing: "unknown", text, fix, cause: null };
}

export function warn(name: string, text: string, fix: string): Check {
  return { name, standing: "warn", text, fix, cause: null };
}

export function fail(name: string, text: string, fix: string): Check {
  return { name, standing: "fail", text, fix, cause: null };
}

export function unreachable(name: string, text: string, fix: string): Check {
  return { name, standing: "fail", text, fix, cause: "unreachable" };
}

/** The outcome of `work`; a failing check when it fails or takes longer than a check may. Never rejects for a Failure. */
export async function within(world: DoctorWorld, name: string, work: Promise<Check>): Promise<Check> {
  const { promise, resolve } = Promise.withResolvers<Check>();
  const seconds = world.timeoutMilliseconds / 1000;
  const late = fail(name, `not done within ${seconds} s`, "see whether what it asks hangs");
  const timer = setTimeout(() => resolve(late), world.timeoutMilliseconds + 500);
  try {
    return await Promise.race([work, promise]);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail(name, thrown.message, "see the message");
  } finally {
    clearTimeout(timer);
  }
}
