import type { RowChanges } from "./rows.ts";

/**
 * The changes received on a channel, for a cache that must not be stale for long. Heartbeats are published on the same channel: because it
 * delivers in order, every change published before a beat has arrived when the beat arrives. Without a fresh beat the cache is not used.
 */
export interface ChangeFeed {
  changed(names: readonly string[]): void; //      of rows removed or replaced, see `changeNames`
  changedAll(): void;
  /** A beat was received; `sentAt` is when it was sent, by the feed's clock. */
  beat(sentAt: number): void;
  /** The channel broke: messages from now on may be lost. */
  lost(): void;
  /** See SessionRows. */
  take(): RowChanges;
}

/**
 * The maximum age of the newest beat, in milliseconds. Within this time a deletion is known everywhere, or the cache is not used. It is
 * below the second of decision 11 by enough for a slow event loop.
 */
const freshMilliseconds = 700;

const mostNames = 10_000;

/** `clock` is in milliseconds and monotonic. */
export function changeFeed(clock: () => number): ChangeFeed {
  const changed = new Set<string>();
  let all = true;
  let newestBeat = Number.NEGATIVE_INFINITY;
  const isFresh = () => clock() - newestBeat < freshMilliseconds;

  return {
    changed(names) {
      for (const name of names) changed.add(name);
      // no request has called `take` for a long time
      if (changed.size > mostNames) all = true;
      if (all) changed.clear();
    },
    changedAll() {
      all = true;
    },
    beat(sentAt) {
      if (!isFresh()) all = true;
      newestBeat = sentAt;
    },
    lost() {
      newestBeat = Number.NEGATIVE_INFINITY;
      all = true;
    },
    take() {
      if (!isFresh()) all = true;
      const names = [...changed];
      changed.clear();
      if (all) {
        // while the channel is silent look-ups are cached, and the next `take` discards them
        all = !isFresh();
        return { kind: "all" };
      }
      return names.length === 0 ? { kind: "none" } : { kind: "some", names };
    },
  };
}
