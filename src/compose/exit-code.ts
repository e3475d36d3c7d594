import type { Failure } from "../core/failure.ts";
import { storeExitCode } from "../sessions/store-exit-code.ts";

/** The exit code of a start that failed: 78 where the config is what has to change, 77 where permission lacks, else 74 (spec: cli). */
export function exitCodeOf(failure: Failure): 74 | 77 | 78 {
  return failure.code === "config_unusable" && failure.cause === undefined ? 78 : storeExitCode(failure);
}
