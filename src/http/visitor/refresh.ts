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

/** Keeps the claims of sessions in use fresh (decision 19). */
export interface ClaimRefreshes {
  /** Starts a refresh in the background where this session is due. Never waits and never throws: the request goes on with what is known. */
  whenDue(deps: RefreshDeps, provider: Provider, session: Session): void;
  /** Waits for those under way: an issuer has used a refresh token up whose successor is not written down yet. */
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
  readonly storeRetryMilliseconds: number; //      between two attempts to write down what the issuer gave
}

/** Longer than a refresh can take: discovery, token endpoint, keys and userinfo have 10 s each. */
const leaseSeconds = 60;

/** How long this process leaves a session alone that another one is at. */
const takenSeconds = 5;

/** How many refreshes are under way at once; a session for which there is no room is due still at its next request. */
const mostAtOnce = 32;

/** Ten minutes of attempts to write: a store that was away for longer has lost that token, and the issuer will end the login. */
const mostWrites = 2400;

/** An access token's life where the issuer does not tell it, and the bounds of what is made of it. */
const [untoldSeconds, leastSeconds, mostSeconds] = [300, 30, 3600];

/**
 * What a session keeps of the issuer's leave to ask again; null where its provider does not refresh. Due when 70 to 80 % of the access
 * token's life are over, at random, so that those who came together do not come together again; never before half a minute and never
 * after an hour, since the life of a token says little about how old groups may be.
 */
export function sessionRefresh(
  deps: Pick<RefreshDeps, "now" | "randomBytes">,
  provider: Provider,
  { token, accessSeconds }: RefreshGrant,
): SessionRefresh | null {
  if (!provider.refreshesClaims) return null;
  const share = 0.8 - ((deps.randomBytes(1)[0] ?? 0) / 255) * 0.1;
  const seconds = Math.round((accessSeconds ?? untoldSeconds) * share);
  return { token, dueAt: deps.now() + Math.min(mostSeconds, Math.max(leastSeconds, seconds)) };
}

/** The refreshes of one process. */
export function claimRefreshes(tuning: RefreshTuning = { storeRetryMilliseconds: 250 }): ClaimRefreshes {
  const pauses = refreshPauses();
  const underWay = new Set<Promise<void>>();

  /** Only who holds the lease asks the issuer; a session that is read after it is the newest there is (users: refresh races). */
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
   * Replaces the session's claims if it stands as it was read. What was deleted meanwhile stays deleted (SES-09). A store that is away is
   * asked again, since the issuer may take only the new token from now on.
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

  /** The update tells that nobody has refreshed the session meanwhile with a token that the issuer still takes. */
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

/** A config may have given the provider another issuer meanwhile, which must not see the token of the one before. */
function isRefreshed(provider: Provider, session: Session): boolean {
  return provider.refreshesClaims && session.identity.issuer === provider.oidc.issuer;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
