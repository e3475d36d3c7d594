import { Memory } from "../../core/bounds/memory.ts";

/** Which sessions and which providers are not to be refreshed for now, and what has been said about it. Times are epoch seconds. */
export interface RefreshPauses {
  isPaused(session: string, provider: string, now: number): boolean;
  pauseSession(session: string, until: number): void;
  resumeSession(session: string): void;
  /** The issuer could not be asked: it is left alone for 5 s, and twice as long each time after that, up to five minutes (DOS-05). */
  pauseProvider(provider: string, now: number): void;
  providerWorks(provider: string): void;
  /** Once a minute and provider. */
  mayComplain(provider: string, now: number): boolean;
}

const [firstPauseSeconds, longestPauseSeconds, complaintSeconds] = [5, 300, 60];

interface Pause {
  readonly seconds: number;
  readonly until: number;
}

/** Kept in memory, for at most `limit` sessions; the one paused longest ago is forgotten first, and the store's lease keeps others off. */
export function refreshPauses(limit = 10_000): RefreshPauses {
  const sessions = new Memory<number>({ entries: limit, bytes: 4 * 1024 * 1024 });
  const providers = new Map<string, Pause>();
  const complaints = new Map<string, number>();
  return {
    isPaused(session, provider, now) {
      return now < (sessions.get(session) ?? 0) || now < (providers.get(provider)?.until ?? 0);
    },
    pauseSession(session, until) {
      sessions.renew(session, until);
    },
    resumeSession(session) {
      sessions.delete(session);
    },
    pauseProvider(provider, now) {
      const before = providers.get(provider);
      if (before !== undefined && now < before.until) return; // one of several that were under way when it failed
      const seconds = before === undefined ? firstPauseSeconds : Math.min(longestPauseSeconds, before.seconds * 2);
      providers.set(provider, { seconds, until: now + seconds });
    },
    providerWorks(provider) {
      providers.delete(provider);
    },
    mayComplain(provider, now) {
      if (now < (complaints.get(provider) ?? 0) + complaintSeconds) return false;
      complaints.set(provider, now);
      return true;
    },
  };
}
