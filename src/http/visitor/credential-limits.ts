import { Memory } from "../../core/bounds/memory.ts";
import { type Bucket, bucketAt, type Rate, secondsToWait } from "../../core/bounds/rate-limit.ts";

/** May the issuer be asked about a credential now, or after how many seconds? */
export type Attempt =
  | { readonly kind: "admitted"; readonly settle: (outcome: "failed" | "spared") => void }
  | { readonly kind: "limited"; readonly waitSeconds: number };

/** How often credentials may fail (decision 40). */
export interface CredentialLimits {
  /** Takes a token from each key's bucket at once. `settle("spared")` gives it back when the credential was not the cause of a failure. */
  enter(keys: readonly string[]): Promise<Attempt>;
}

interface Entry {
  bucket: Bucket;
  underway: number;
  waiting: (() => void)[];
}

/** Only the start of a longer key counts: the client chooses the user name, up to the size of a head. */
const longestKey = 512;

/**
 * Buckets by key, at most `limit`. The bucket used longest ago is evicted first, but never one with an attempt under way. When attempts under
 * way hold the last tokens, further attempts wait for their outcome: no race asks the issuer too often (M2M-11), and many good credentials at
 * once are not refused.
 */
export function credentialLimits(now: () => number, rate: Rate | null, limit = 10_000): CredentialLimits {
  const entries = new Memory<Entry>({
    entries: limit,
    bytes: 16 * 1024 * 1024,
    bytesOf: () => 128,
    isInUse: ({ underway }) => underway > 0,
  });
  if (rate === null) return { enter: async () => ({ kind: "admitted", settle: () => {} }) };

  function entryOf(wholeKey: string, { count, seconds }: Rate): Entry {
    const key = wholeKey.slice(0, longestKey);
    const entry = entries.get(key) ?? { bucket: { left: count, at: now() }, underway: 0, waiting: [] };
    entry.bucket = bucketAt(entry.bucket, { count, seconds }, now());
    entries.renew(key, entry);
    return entry;
  }

  return {
    async enter(keys) {
      for (;;) {
        const wanted = keys.map((key) => entryOf(key, rate));
        const empty = wanted.find(({ bucket }) => secondsToWait(bucket, rate) > 0);
        if (empty === undefined) return take(wanted);
        if (empty.underway === 0) return { kind: "limited", waitSeconds: secondsToWait(empty.bucket, rate) };
        await new Promise<void>((resolve) => void empty.waiting.push(resolve));
      }
    },
  };
}

/** Takes one token of each bucket. */
function take(entries: readonly Entry[]): Attempt {
  for (const entry of entries) {
    entry.bucket = { ...entry.bucket, left: entry.bucket.left - 1 };
    entry.underway += 1;
  }
  return {
    kind: "admitted",
    settle(outcome) {
      for (const entry of entries) {
        entry.underway -= 1;
        if (outcome === "spared") entry.bucket = { ...entry.bucket, left: entry.bucket.left + 1 };
        for (const go of entry.waiting.splice(0)) go();
      }
    },
  };
}
