import { Memory } from "../../core/bounds/memory.ts";

/** The sessions and the providers without refreshes for now, and when akproxy last logged that. Times are epoch seconds. */
export interface RefreshPauses {
  isPaused(session: string, provider: string, now: number): boolean;
  pauseSession(session: string, until: number): void;
  resumeSession(session: string): void;
  /** After a failed request to the issuer: no refresh for 5 s, then for twice as long after each further failure, up to 5 minutes (DOS-05). */
  pauseProvider(provider: string, now: number): void;
  providerWorks(provider: string): void;
  /** True once a minute per provider. */
  mayComplain(provider: string, now: number): boolean;
}

const [firstPauseSeconds, longestPauseSeconds, complaintSeconds] = [5, 300, 60];

interface Pause {
  readonly seconds: number;
  readonly until: number;
}

/** In memory, for at most `limit` sessions; the one paused longest ago is evicted first, and then the store's lease prevents a second refresh. */
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
      if (before !== undefined && now < before.until) return; // one of several that were under way at the failure
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
