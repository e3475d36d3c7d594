import { Failure } from "../../core/failure.ts";
import type { Identity } from "../../core/identity.ts";
import type { Provider } from "../../core/provider.ts";
import type { Session, SessionRefresh } from "../../core/session.ts";
import type { IdentityProvider, Refreshed, RefreshGrant } from "../../ports/identity-provider.ts";
import type { Log } from "../../ports/log.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { RandomBytes } from "../../seal/random-token.ts";
import { refreshPauses } from "./refresh-pauses.ts";

/** Keeps the claims of sessions in use up to date (decision 19). */
export interface ClaimRefreshes {
  /** Starts a refresh in the background if this session is due. Never waits and never throws: the request goes on with the present claims. */
  whenDue(deps: RefreshDeps, provider: Provider, session: Session): void;
  /** Resolves when no refresh is under way. Without it a stop could lose a new refresh token whose predecessor is already used up. */
  settled(): Promise<void>;
}

/** What a refresh needs of `Deps`. */
export interface RefreshDeps {
  readonly sessions: SessionStore;
  readonly idpOf: (provider: Provider) => Pick<IdentityProvider, "refresh">;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: RandomBytes;
}

export interface RefreshTuning {
  readonly storeRetryMilliseconds: number; //      between two attempts to store what the issuer returned
}

/** Longer than a refresh can take: discovery, token endpoint, keys and userinfo have a timeout of 10 s each. */
const leaseSeconds = 60;

/** How long this process does not try a session that another instance refreshes. */
const takenSeconds = 5;

/** The limit of refreshes at once. A session above it stays due, and its next request tries again. */
const mostAtOnce = 32;

/** Ten minutes of attempts to write. If the store is unavailable for longer, the new token is lost and the issuer ends the session. */
const mostWrites = 2400;

/** An access token's lifetime where the issuer does not state it, and the limits of the time to the next refresh. */
const [defaultSeconds, leastSeconds, mostSeconds] = [300, 30, 3600];

/**
 * The refresh token of a session and the time of its next refresh; null if its provider does not refresh. The time is after a random 70 to
 * 80 % of the access token's lifetime, so that sessions that started together spread out. It is at least half a minute and at most an hour
 * away, because a token's lifetime says little about how old groups may be.
 */
export function sessionRefresh(
  deps: Pick<RefreshDeps, "now" | "randomBytes">,
  provider: Provider,
  { token, accessSeconds }: RefreshGrant,
): SessionRefresh | null {
  if (!provider.refreshesClaims) return null;
  const share = 0.8 - ((deps.randomBytes(1)[0] ?? 0) / 255) * 0.1;
  const seconds = Math.round((accessSeconds ?? defaultSeconds) * share);
  return { token, dueAt: deps.now() + Math.min(mostSeconds, Math.max(leastSeconds, seconds)) };
}

/** The refreshes of one process. */
export function claimRefreshes(tuning: RefreshTuning = { storeRetryMilliseconds: 250 }): ClaimRefreshes {
  const pauses = refreshPauses();
  const underWay = new Set<Promise<void>>();

  /** Only the holder of the lease asks the issuer. The session is read after the lease, so it is the newest version (no refresh races). */
  async function attempt(deps: RefreshDeps, provider: Provider, id: string): Promise<void> {
    if (!(await deps.sessions.lease(id, leaseSeconds))) return pauses.pauseSession(id, deps.now() + takenSeconds);
    const session = await deps.sessions.get(id);
    if (session === null || session.refresh === null || session.refresh.dueAt > deps.now()) return;
    const outcome = await deps.idpOf(provider).refresh(session.identity, session.refresh.token);
    deps.metrics.refresh({ provider: provider.slug, result: outcome.kind });
    await conclude(deps, provider, session, outcome);
  }

  async function conclude(deps: RefreshDeps, provider: Provider, session: Session, outcome: Refreshed): Promise<void> {
    switch (outcome.kind) {
      case "fresh": {
        pauses.providerWorks(provider.slug);
        const refresh = sessionRefresh(deps, provider, outcome.grant);
        if (await written(deps, session, outcome.identity, refresh)) pauses.resumeSession(session.id);
        deps.log.debug("claims refreshed", { provider: provider.slug, user: outcome.identity.username });
        return;
      }
      case "ended":
        return end(deps, session, outcome.reason);
      case "unknown": {
        if (outcome.grant !== null) {
          const refresh = { token: outcome.grant.token, dueAt: deps.now() + leaseSeconds };
          await written(deps, session, session.identity, refresh);
        }
        if (outcome.failure.code !== "idp_token_invalid") pauses.pauseProvider(provider.slug, deps.now());
        return complain(deps, provider, outcome.failure);
      }
    }
  }

  /**
   * Replaces the session's claims if the stored session is still the one that was read. A session deleted meanwhile stays deleted (SES-09).
   * While the store is unavailable it tries again, because the issuer may accept only the new token from now on.
   */
  async function written(
    deps: RefreshDeps,
    session: Session,
    identity: Identity,
    refresh: SessionRefresh | null,
  ): Promise<boolean> {
    for (let left = mostWrites; ; left -= 1) {
      try {
        return await deps.sessions.update({ ...session, identity, refresh, version: session.version + 1 });
      } catch (error) {
        if (left <= 1 || !(error instanceof Failure) || error.code !== "store_unavailable") throw error;
        await Bun.sleep(tuning.storeRetryMilliseconds);
      }
    }
  }

  /** Ends the session, unless another instance refreshed it meanwhile with a token that the issuer still accepts: then the update fails. */
  async function end(deps: RefreshDeps, session: Session, reason: string): Promise<void> {
    if (!(await written(deps, session, session.identity, session.refresh))) return;
    await deps.sessions.delete(session.id);
    const { providerSlug: provider, identity } = session;
    deps.log.info("session ended at its refresh", { provider, user: identity.username, reason });
  }

  function complain(deps: RefreshDeps, provider: Provider, error: unknown): void {
    const isExpected = error instanceof Failure;
    if (!pauses.mayComplain(provider.slug, deps.now())) return;
    const fields = { provider: provider.slug, code: isExpected ? error.code : "internal" };
    if (isExpected) deps.log.warn("claims not refreshed", { ...fields, reason: error.message });
    else deps.log.error("internal error", { ...fields, error: traceOf(error) });
  }

  return {
    whenDue(deps, provider, session) {
      if (session.refresh === null) return;
      const now = deps.now();
      if (session.refresh.dueAt > now || !isRefreshed(provider, session)) return;
      if (underWay.size >= mostAtOnce || pauses.isPaused(session.id, provider.slug, now)) return;
      pauses.pauseSession(session.id, now + leaseSeconds);
      const work = attempt(deps, provider, session.id)
        .catch((error: unknown) => complain(deps, provider, error))
        .finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}

/** A reload may have given the provider another issuer, which must not see the former issuer's token. */
function isRefreshed(provider: Provider, session: Session): boolean {
  return provider.refreshesClaims && session.identity.issuer === provider.oidc.issuer;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
