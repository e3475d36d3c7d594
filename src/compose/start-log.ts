import type { LogConfig } from "../core/config.ts";
import { createLog as create } from "../log/create-log.ts";
import type { Log } from "../ports/log.ts";

/** The log of this process, by its config. */
export function createLog(config: LogConfig): Log {
  return create({ ...config, now: Date.now, isTty: process.stdout.isTTY === true });
}
