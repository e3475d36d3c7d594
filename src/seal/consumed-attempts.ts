import { makingRoom } from "../core/bounds/oldest-first.ts";

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
  const used = new Map<string, number>();
  const makeRoom = makingRoom(used, limit);
  let nextSweep = 0;

  function sweep(time: number): void {
    if (time < nextSweep) return;
    nextSweep = time + sweepSeconds;
    for (const [digest, expiresAt] of used) if (expiresAt <= time) used.delete(digest);
  }

  return {
    consume(stateDigest, expiresAt) {
      const time = now();
      sweep(time);
      if (expiresAt <= time || used.has(stateDigest)) return false;
      makeRoom();
      used.set(stateDigest, expiresAt);
      return true;
    },
  };
}
