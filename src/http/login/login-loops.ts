import { Memory } from "../../core/bounds/memory.ts";

/** Detects logins that bring no session back (decision 10): a browser that loses its cookies would be redirected for ever. */
export interface LoginLoops {
  /** A login of this browser returned from the issuer. */
  returned(browser: string): void;
  /** This browser has a session, so its cookies work. `browser` is called only if some browser is being counted. */
  recognised(browser: () => string): void;
  /** Did four logins return within a minute, and no session since? */
  isLooping(browser: string): boolean;
}

const windowSeconds = 60;
const loginLimit = 4;

/**
 * In memory, for at most `limit` browsers. A browser without cookies is known by its provider, client address and user agent. Several users
 * behind one address do not add up, because each session resets the count.
 */
export function loginLoops(now: () => number, limit = 10_000): LoginLoops {
  const returns = new Memory<readonly number[]>({ entries: limit, bytes: 16 * 1024 * 1024 });
  const recent = (browser: string) => (returns.get(browser) ?? []).filter((at) => at > now() - windowSeconds);
  return {
    returned(browser) {
      const times = [...recent(browser), now()].slice(-loginLimit);
      returns.renew(browser, times);
    },
    recognised(browser) {
      if (returns.size > 0) returns.delete(browser());
    },
    isLooping: (browser) => recent(browser).length >= loginLimit,
  };
}
