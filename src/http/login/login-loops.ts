import { Memory } from "../../core/bounds/memory.ts";

/** Notices logins that bring no session back (decision 10): a browser that loses its cookies would be sent round for ever. */
export interface LoginLoops {
  /** A login of this browser came back to us. */
  returned(browser: string): void;
  /** This browser showed a session: its cookies work. Who it is, is asked only where one is being watched. */
  recognised(browser: () => string): void;
  /** Have four logins within a minute come back and no session been seen since? */
  isLooping(browser: string): boolean;
}

const windowSeconds = 60;
const loginLimit = 4;

/**
 * Kept in memory, for at most `limit` browsers. `browser` is what can be known of one that keeps no cookie: provider, client address
 * and user agent. Several people behind one address do not add up, since each session that is seen forgets the count.
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
