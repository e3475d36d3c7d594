/** `count` events in `seconds` seconds (spec: limits.failed_credentials). */
export interface Rate {
  readonly count: number;
  readonly seconds: number;
}

/** The state of a token bucket at a time (epoch seconds). */
export interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** The bucket at `now`: it fills evenly, up to `count`. An unknown bucket is full. A clock that went back adds nothing. */
export function bucketAt(bucket: Bucket | undefined, rate: Rate, now: number): Bucket {
  if (bucket === undefined) return { left: rate.count, at: now };
  const gained = (Math.max(0, now - bucket.at) * rate.count) / rate.seconds;
  return { left: Math.min(rate.count, bucket.left + gained), at: now };
}

/** Whole seconds until the bucket has a token; 0: it has one. */
export function secondsToWait({ left }: Bucket, rate: Rate): number {
  return left >= 1 ? 0 : Math.max(1, Math.ceil(((1 - left) * rate.seconds) / rate.count));
}

/** Reads `20/1m`: COUNT/TIME, the time as `30s`, `m` or `2h`; null when the text is not a rate. */
export function parseRate(text: string): Rate | null {
  const [, count = "", time = "", unit = ""] = /^([1-9]\d{0,5})\/(\d{0,5})([smhd])$/.exec(text) ?? [];
  const seconds = Number(time || "1") * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 0);
  return count === "" || seconds === 0 ? null : { count: Number(count), seconds };
}
