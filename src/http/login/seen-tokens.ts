import { Memory } from "../../core/bounds/memory.ts";

/** The logout tokens that were used already, by issuer and `jti` (OUT-03). */
export interface SeenTokens {
  /** Marks the token as used. False: it was used before. */
  take(issuer: string, tokenId: string): boolean;
  /** The token's sign-out failed, so the token may be used again. */
  giveBack(issuer: string, tokenId: string): void;
}

/** Longer than any token is valid: one issued more than a minute ago, or more than a minute in the future, is refused. */
const keptSeconds = 300;

/** In memory, at most `limit`; the token used longest ago is evicted first. */
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
