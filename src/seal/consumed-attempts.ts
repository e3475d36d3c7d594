import { Memory } from "../core/bounds/memory.ts";

/** Which login attempts have been used: each works once, before its code is redeemed (decision 10). */
export interface ConsumedAttempts {
  /** Marks the attempt as used. False: it was already, or it is past `expiresAt` (epoch seconds). */
  consume(stateDigest: string, expiresAt: number): boolean;
}

/** How often the expired ones are looked for. */
const sweepSeconds = 60;

/**
 * Used attempts in memory, at most `limit`. When it is full the one used longest ago is forgotten rather than a login refused:
 * its browser has lost that cookie and the issuer takes its code only once.
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
