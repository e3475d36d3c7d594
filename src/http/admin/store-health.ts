import { Failure } from "../../core/failure.ts";
import type { Log } from "../../ports/log.ts";
import type { SessionStore } from "../../ports/session-store.ts";

export interface StoreHealthDeps {
  readonly sessions: Pick<SessionStore, "probe">;
  readonly log: Log;
  readonly clock: () => number; //                 milliseconds, monotonic
}

/** How long a result is shared: each probe costs the store a write, and the listener has no limit of requests. */
const sharedMilliseconds = 5000;

/**
 * Whether the store takes a session now: null, or the reason why it does not (decision 58). At most one probe runs at once, and at most one
 * every five seconds. Each change of the result is logged once.
 */
export function storeHealth({ sessions, log, clock }: StoreHealthDeps): () => Promise<string | null> {
  let startedAt = Number.NEGATIVE_INFINITY;
  let isRunning = false;
  let result: Promise<string | null> = Promise.resolve(null);
  let reported: string | null = null;

  async function probed(): Promise<string | null> {
    const reason = await probeReason(sessions);
    isRunning = false;
    if (reason !== null && reported === null) log.error("session store takes no sessions", { reason });
    if (reason === null && reported !== null) log.info("session store takes sessions again");
    reported = reason;
    return reason;
  }

  return () => {
    if (isRunning || clock() - startedAt < sharedMilliseconds) return result;
    startedAt = clock();
    isRunning = true;
    result = probed();
    return result;
  };
}

async function probeReason(sessions: StoreHealthDeps["sessions"]): Promise<string | null> {
  try {
    await sessions.probe();
    return null;
  } catch (thrown) {
    return thrown instanceof Failure ? thrown.message : "internal error";
  }
}
