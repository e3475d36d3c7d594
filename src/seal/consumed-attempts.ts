import { Memory } from "../core/bounds/memory.ts";

/** The login attempts that were used: each attempt works once, and is marked before its code is redeemed (decision 10). */
export interface ConsumedAttempts {
  /** Marks the attempt as used. False: it was used before, or `expiresAt` (epoch seconds) has passed. */
  consume(stateDigest: string, expiresAt: number): boolean;
}

/** How often expired attempts are deleted. */
const sweepSeconds = 60;

/**
 * Used attempts in memory, at most `limit`. When the memory is full, the oldest attempt is evicted and no login is refused: the browser of
 * that attempt has lost its cookie, and the issuer accepts its code only once.
 */
export function consumedAttempts(now: () => number, limit = 100_000): ConsumedAttempts {
  const used = new Memory<number>({ entries: limit, bytes: 32 * 1024 * 1024 });
  let nextSweep = 0;

  function sweep(time: number): void {
    if (time < nextSweep) return;
    nextSweep = time + sweepSeconds;
    used.deleteWhere((expiresAt) => expiresAt <= time);
  }

  return {
    consume(stateDigest, expiresAt) {
      const time = now();
      sweep(time);
      if (expiresAt <= time || used.has(stateDigest)) return false;
      used.set(stateDigest, expiresAt);
      return true;
    },
  };
}
