import { Memory } from "../../core/bounds/memory.ts";

/** Which tokens have been taken already, by their issuer and `jti` (OUT-03). */
export interface SeenTokens {
  /** Marks the token as taken. False: it was already. */
  take(issuer: string, tokenId: string): boolean;
  /** What it asked for could not be done: it may come again. */
  giveBack(issuer: string, tokenId: string): void;
}

/** Longer than any is good for: one issued more than a minute ago, or in more than a minute, is refused. */
const keptSeconds = 300;

/** In memory, at most `limit`; the one taken longest ago is forgotten first. */
export function seenTokens(now: () => number, limit = 100_000): SeenTokens {
  const until = new Memory<number>({ entries: limit, bytes: 64 * 1024 * 1024 });

  return {
    take(issuer, tokenId) {
      until.deleteOldestWhile((end) => end <= now());
      const key = `${issuer}\n${tokenId}`;
      if (until.has(key)) return false;
      until.set(key, now() + keptSeconds);
      return true;
    },
    giveBack: (issuer, tokenId) => void until.delete(`${issuer}\n${tokenId}`),
  };
}
