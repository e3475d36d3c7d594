import { Failure } from "../core/failure.ts";

/** The result of one check. Its text and its fix contain no secret. */
export interface Check {
  readonly name: string; //                        the same in every run
  readonly standing: Standing;
  readonly text: string;
  readonly fix: string | null; //                  the next action; null: none is needed
  readonly cause: "unreachable" | null; //         unreachable: the issuer or an upstream does not answer
}

/** unknown: doctor cannot know the result from this machine. */
export type Standing = "ok" | "warn" | "fail" | "unknown";

/** The checks of one subject, in order. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** The clock, the random bytes and the time limit of the checks. */
export interface DoctorWorld {
  readonly version: string;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: (count: number) => Uint8Array;
  readonly timeoutMilliseconds: number; //         of each check
}

export function ok(name: string, text: string): Check {
  return { name, standing: "ok", text, fix: null, cause: null };
}

export function unknown(name: string, text: string, fix: string | null = null): Check {
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

/** The result of `work`. A Failure, or more time than a check may take, is a failed check. */
export async function within(world: DoctorWorld, name: string, work: Promise<Check>): Promise<Check> {
  const { promise, resolve } = Promise.withResolvers<Check>();
  const seconds = world.timeoutMilliseconds / 1000;
  const late = fail(name, `no result within ${seconds} s`, "find out why the other side does not answer");
  const timer = setTimeout(() => resolve(late), world.timeoutMilliseconds + 500);
  try {
    return await Promise.race([work, promise]);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail(name, thrown.message, "correct what the message names");
  } finally {
    clearTimeout(timer);
  }
}
