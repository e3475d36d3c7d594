import { type Config, isSharedStore } from "../core/config.ts";
import { providerDirectory } from "../core/decide/choose-provider.ts";
import { parseNetwork } from "../core/http/ip-address.ts";
import type { Provider } from "../core/provider.ts";
import type { IssuerHealth } from "../http/admin/admin.ts";
import type { Deps } from "../http/deps.ts";
import { liveStreams } from "../http/live-streams.ts";
import { loginLoops } from "../http/login/login-loops.ts";
import { seenTokens } from "../http/login/seen-tokens.ts";
import { peerRate } from "../http/peer-rate.ts";
import { requestIds } from "../http/request-ids.ts";
import { credentialAnswers } from "../http/visitor/credential-answers.ts";
import { credentialLimits } from "../http/visitor/credential-limits.ts";
import { claimRefreshes } from "../http/visitor/refresh.ts";
import { warnOnce } from "../http/warn-once.ts";
import { identityProviders } from "../idp/identity-provider.ts";
import { createMetrics } from "../metrics/create-metrics.ts";
import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import { consumedAttempts } from "../seal/consumed-attempts.ts";
import { openKeys } from "../seal/keys.ts";
import { openSessions } from "../sessions/open.ts";
import { loadOrMakeSecrets } from "../sessions/secret-file.ts";

/** What the world gives a composition; tests inject a clock. */
export interface Surroundings {
  readonly version: string;
  readonly log: Log;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: (count: number) => Uint8Array;
  readonly issuerRetryMilliseconds?: number; //    10,000
  readonly streamCheckMilliseconds?: number; //    how often open streams are held against their sessions; 2 s
}

/** Everything that answers requests, wired by hand, and not yet listening. */
export interface Outpost {
  /** What is in force now. */
  deps(): Deps;
  issuers(): readonly IssuerHealth[];
  /** Puts another config in force for the requests from now on; sessions, sockets and logins under way go on. */
  replace(config: Config): void;
  /** Ends the background work and closes the store. */
  close(): Promise<void>;
}

/** How often rows past their limits are removed. */
const sweepMilliseconds = 5 * 60 * 1000;

/** How long a stop waits for refreshes under way. */
const refreshMilliseconds = 2000;

/**
 * Config -> Outpost. Opens the store and reads or makes the secret: throws Failure store_unavailable when one can't be used. Issuers are
 * asked in the background; none is waited for.
 */
export async function compose(config: Config, surroundings: Surroundings): Promise<Outpost> {
  const { log, now, randomBytes, version } = surroundings;
  const { secrets, warnings } = loadOrMakeSecrets(config.secrets, config.stateDir, randomBytes);
  for (const warning of warnings) log.warn(warning);
  if (config.secrets === null && isSharedStore(config.sessions)) {
    // with secrets of their own two machines take each other's cookies for forged: a login at every other request
    log.warn(
      "outpost.secret is not set, and every machine makes its own; machines that share a store need one, the same",
    );
  }
  const keys = openKeys(secrets);
  const sessions = await openSessions(config.sessions, { keys, now, randomBytes });
  const lasting: Lasting = {
    version,
    sessions,
    keys,
    consumed: consumedAttempts(now),
    loops: loginLoops(now),
    liveStreams: liveStreams(),
    refreshes: claimRefreshes(),
    seenLogouts: seenTokens(now),
    logoutRate: peerRate(now),
    credentialLimits: credentialLimits(now, config.limits.failedCredentials),
    log,
    warnOnce: warnOnce(log),
    metrics: createMetrics({ version }),
    now,
    randomBytes,
    newRequestId: requestIds(randomBytes),
  };
  const idpOf = identityProviders({ now, log, version });
  let inForce = fromConfig(config, lasting, idpOf);
  const sweep = setInterval(() => void sweepSessions(inForce.deps), sweepMilliseconds);
  sweep.unref();
  const closing = setInterval(() => void closeEndedStreams(lasting), surroundings.streamCheckMilliseconds ?? 2000);
  closing.unref();
  // without it an issuer that was away at the start is asked by the next login only, which a /readyz that says no keeps away
  const retry = setInterval(() => {
    for (const { idp } of inForce.idps) idp.warmUp();
  }, surroundings.issuerRetryMilliseconds ?? 10_000);
  retry.unref();
  return {
    deps: () => inForce.deps,
    issuers: () => inForce.idps.map(({ issuer, idp }) => ({ issuer, ...idp.status() })),
    replace(next) {
      inForce = fromConfig(next, lasting, idpOf);
    },
    async close() {
      clearInterval(sweep);
      clearInterval(retry);
      clearInterval(closing);
      await Promise.race([lasting.refreshes.settled(), Bun.sleep(refreshMilliseconds)]);
      await sessions.close();
    },
  };
}

/** Streams end within five seconds of their session (decision 42). A session that can't be looked at now is looked at the next time. */
async function closeEndedStreams({ liveStreams, sessions, log }: Lasting): Promise<void> {
  try {
    await liveStreams.closeEnded(async (sessionId) => (await sessions.get(sessionId)) === null);
  } catch (error) {
    log.warn("open streams not checked", { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** What outlives a change of config. */
type Lasting = Omit<
  Deps,
  "directory" | "providers" | "trustedProxies" | "limits" | "outpostName" | "idpOf" | "credentials"
>;

interface InForce {
  readonly deps: Deps;
  readonly idps: readonly { readonly issuer: string; readonly idp: IdentityProvider }[];
}

function fromConfig(config: Config, lasting: Lasting, makeIdp: (provider: Provider) => IdentityProvider): InForce {
  const entries = config.providers.map((provider) => {
    const idp = makeIdp(provider);
    idp.warmUp();
    return { slug: provider.slug, issuer: provider.oidc.issuer, idp };
  });
  const bySlug = new Map(entries.map(({ slug, idp }) => [slug, idp]));
  const deps: Deps = {
    ...lasting,
    directory: providerDirectory(config.providers),
    providers: config.providers,
    trustedProxies: config.trustedProxies.flatMap((text) => parseNetwork(text) ?? []),
    limits: config.limits,
    outpostName: config.outpostName,
    // answers of before speak of another client, perhaps, or of other claims (authentik: dropped with the application)
    credentials: credentialAnswers(lasting.now),
    idpOf(provider) {
      const idp = bySlug.get(provider.slug);
      if (idp === undefined) throw new Error(`provider "${provider.slug}" has no issuer`);
      return idp;
    },
  };
  return { deps, idps: entries };
}

/** A store that is away now is swept the next time. */
async function sweepSessions(deps: Deps): Promise<void> {
  try {
    const ended = await deps.sessions.deleteExpired();
    if (ended > 0) deps.log.debug("expired sessions removed", { sessions: ended });
  } catch (error) {
    deps.log.warn("expired sessions not removed", { reason: error instanceof Error ? error.message : String(error) });
  }
}
