import { Memory } from "../core/bounds/memory.ts";
import type { Log } from "../ports/log.ts";

/** Logs a warning once that every request of a user would repeat. */
export type WarnOnce = (provider: string, user: string, warning: string, requestId: string) => void;

/** Remembers the latest `limit` warnings. */
export function warnOnce(log: Log, limit = 1000): WarnOnce {
  const seen = new Memory<true>({ entries: limit, bytes: 1024 * 1024 });
  return (provider, user, warning, requestId) => {
    const key = JSON.stringify([provider, user, warning]);
    if (seen.has(key)) return;
    seen.set(key, true);
    log.warn("identity headers", { request_id: requestId, provider, user, warning });
  };
}
