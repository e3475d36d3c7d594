import { Memory } from "../../core/bounds/memory.ts";

/** How often one peer may fail (OUT-05). */
export interface PeerRate {
  /** Seconds until this peer may try again; 0: now. */
  waitOf(peer: string): number;
  /** Counts a failure of this peer. */
  failed(peer: string): void;
}

const burst = 20;
const perSecond = 0.5;

/**
 * A token bucket per peer; each failure takes a token. At most `limit` peers; the one that failed longest ago is evicted first. A success
 * takes nothing: an issuer that ends a thousand sessions at once is not an attacker.
 */
export function peerRate(now: () => number, limit = 10_000): PeerRate {
  const buckets = new Memory<{ readonly left: number; readonly at: number }>({
    entries: limit,
    bytes: 4 * 1024 * 1024,
  });
  const leftOf = (peer: string): number => {
    const bucket = buckets.get(peer);
    return bucket === undefined ? burst : Math.min(burst, bucket.left + (now() - bucket.at) * perSecond);
  };
  return {
    waitOf(peer) {
      const left = leftOf(peer);
      return left >= 1 ? 0 : Math.ceil((1 - left) / perSecond);
    },
    failed(peer) {
      const left = Math.max(0, leftOf(peer) - 1);
      buckets.renew(peer, { left, at: now() });
    },
  };
}
