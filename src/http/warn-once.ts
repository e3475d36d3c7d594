import type { Log } from "../ports/log.ts";

/** Logs a warning that every request of a person would repeat only the first time. */
export type WarnOnce = (provider: string, user: string, warning: string, requestId: string) => void;

/** Remembers `limit` warnings; then it begins anew. */
export function warnOnce(log: Log, limit = 1000): WarnOnce {
  const seen = new Set<string>();
  return (provider, user, warning, requestId) => {
    const key = JSON.stringify([provider, user, warning]);
    if (seen.has(key)) return;
    if (seen.size >= limit) seen.clear();
    seen.add(key);
    log.warn("identity headers", { request_id: requestId, provider, user, warning });
  };
}
