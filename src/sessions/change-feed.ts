import type { RowChanges } from "./rows.ts";

/**
 * What a channel of changes has told, for a cache that must not be wrong for long. Beats are sent into the channel and come back by it: a
 * channel that delivers in order has then told everything that was said before the beat. Without a fresh one nothing kept is trusted.
 */
export interface ChangeFeed {
  changed(keys: readonly string[]): void; //       of rows removed or replaced
  changedAll(): void;
  /** A beat came back; when it had been sent, on the feed's clock. */
  beat(sentAt: number): void;
  /** The channel broke: what was said from now on may never be heard. */
  lost(): void;
  /** See SessionRows. */
  take(): RowChanges;
}

/**
 * How old the newest beat may be, in milliseconds. A deletion is known everywhere within this time or nothing kept is believed: below
 * decision 11's second by enough for a slow event loop.
 */
const freshMilliseconds = 700;

const mostKeys = 10_000;

/** `clock` in milliseconds, one that is never set back. */
export function changeFeed(clock: () => number): ChangeFeed {
  const changed = new Set<string>();
  let all = true;
  let newestBeat = Number.NEGATIVE_INFINITY;
  const isFresh = () => clock() - newestBeat < freshMilliseconds;

  return {
    changed(keys) {
      for (const key of keys) changed.add(key);
      // nobody has asked for long
      if (changed.size > mostKeys) all = true;
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
      const keys = [...changed];
      changed.clear();
      if (all) {
        // what is looked up while the channel is silent is kept, and forgotten by the next question
        all = !isFresh();
        return { kind: "all" };
      }
      return keys.length === 0 ? { kind: "none" } : { kind: "keys", keys };
    },
  };
}
