import { readFileSync } from "node:fs";
import { openFilesIn } from "../core/bounds/connection-room.ts";
import type { LogConfig } from "../core/config.ts";
import type { Failure } from "../core/failure.ts";
import { createLog } from "../log/create-log.ts";
import type { Log } from "../ports/log.ts";
import { storeExitCode } from "../sessions/store-failure.ts";

/*
 * What a running akproxy has of its process: the log on stdout, the limit of open files, and the exit code of a start that failed.
 */

/** The log of this process. */
export function processLog(config: LogConfig): Log {
  return createLog({ ...config, now: Date.now, isTty: process.stdout.isTTY === true });
}

/** The soft limit of most systems, for a system that does not state its limit. */
const unknownOpenFiles = 1024;

/** How many files this process may have open. Bun raises the soft limit to the hard limit before any code of akproxy runs. */
export function openFiles(): number {
  try {
    return openFilesIn(readFileSync("/proc/self/limits", "utf8")) ?? unknownOpenFiles;
  } catch {
    return unknownOpenFiles; //                     not Linux, or no /proc
  }
}

/** The exit code of a start that failed: 78 the config has to change, 77 a permission is missing, 74 everything else (spec: cli). */
export function exitCodeOf(failure: Failure): 74 | 77 | 78 {
  return failure.code === "config_unusable" && failure.cause === undefined ? 78 : storeExitCode(failure);
}
