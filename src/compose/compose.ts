import { type Config, isSharedStore } from "../core/config.ts";
import { providerDirectory } from "../core/decide/choose-provider.ts";
import { parseNetwork } from "../core/http/ip-address.ts";
import type { Provider } from "../core/provider.ts";
import type { IssuerHealth } from "../http/admin/admin.ts";
import type { Deps } from "../http/deps.ts";
import { liveStreams } from "../http/live-streams.ts";
import { loginLoops } from "../http/login/login-loops.ts";
import { peerRate } from "../http/login/peer-rate.ts";
import { seenTokens } from "../http/login/seen-tokens.ts";
import { credentialAnswers } from "../http/visitor/credential-answers.ts";
import { credentialLimits } from "../http/visitor/credential-limits.ts";
import { claimRefreshes } from "../http/visitor/refresh.ts";
import { warnOnce } from "../http/warn-once.ts";
import { identityProviders } from "../idp/identity-provider.ts";
import { createMetrics } from "../metrics/create-metrics.ts";
import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import type { SessionStore } from "../ports/session-store.ts";
import { consumedAttempts } from "../seal/consumed-attempts.ts";
import { openKeys } from "../seal/keys.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import { openSessions } from "../sessions/open.ts";
import { loadOrMakeSecrets } from "../sessions/secret-file.ts";

/** What compose gets from the process; tests inject a clock. */
export interface Surroundings {
  readonly version: string;
  readonly log: Log;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: (count: number) => Uint8Array;
  readonly issuerRetryMilliseconds?: number; //    10,000
  readonly streamCheckMilliseconds?: number; //    how often open streams are checked against their sessions; 2,000
}

/** Everything that answers requests, not yet listening. */
export interface Outpost {
  /** What endpoints reach now. */
  deps(): Deps;
  issuers(): readonly IssuerHealth[];
  /** Puts another config in force for all further requests. Sessions, sockets and logins under way go on. */
  replace(config: Config): void;
  /** Ends the background work and closes the store. */
  close(): Promise<void>;
}

/** How often expired sessions are removed from the store. */
const sweepMilliseconds = 5 * 60 * 1000;

/** How long a stop waits for refreshes under way. */
const refreshMilliseconds = 2000;

/**
 * Config -> Outpost. Opens the store and reads or makes the secret; throws Failure store_unavailable if it cannot. Discovery of the issuers
 * runs in the background.
 */
export async function compose(config: Config, surroundings: Surroundings): Promise<Outpost> {
  const { log, now, randomBytes, version } = surroundings;
  const { secrets, warnings } = loadOrMakeSecrets(config.secrets, config.stateDir, randomBytes);
  for (const warning of warnings) log.warn(warning);
  if (config.secrets === null && isSharedStore(config.sessions)) {
    // two machines with different secrets reject each other's cookies: a login at every other request
    log.warn(
      "outpost.secret is not set, so every machine makes its own; machines that share a store need the same secret",
    );
  }
  const keys = openKeys(secrets);
  const sessions = await usableSessions(config, log, { keys, now, randomBytes });
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
  // without it only a login would retry discovery, and while /readyz says "not ready" no login may come
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

/** The store of the config. A store that cannot take a session is an error at start (decision 21), not at the first login. */
async function usableSessions(
  { sessions }: Config,
  log: Log,
  deps: Parameters<typeof openSessions>[1],
): Promise<SessionStore> {
  const store = await openSessions(sessions, { ...deps, log });
  try {
    await store.probe();
    tellPolicy(await store.evictionPolicy(), log);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function tellPolicy(policy: string | null, log: Log): void {
  const hint = "set maxmemory-policy noeviction, or give akproxy its own Redis";
  if (policy === null)
    log.info("maxmemory-policy of the session store is unknown: the user may not ask for it", { hint });
  else if (policy !== "noeviction") log.warn("the session store may drop sessions before they end", { policy, hint });
}

/** Closes streams within five seconds of their session's end (decision 42). While the store is unavailable the next run tries again. */
async function closeEndedStreams({ liveStreams, sessions, log }: Lasting): Promise<void> {
  try {
    await liveStreams.closeEnded(async (sessionId) => (await sessions.get(sessionId)) === null);
  } catch (error) {
    log.warn("open streams not checked", { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** What stays when the config changes. */
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
    // cached answers may be about another client or other claims (authentik: dropped with the application)
    credentials: credentialAnswers(lasting.now),
    idpOf(provider) {
      const idp = bySlug.get(provider.slug);
      if (idp === undefined) throw new Error(`provider "${provider.slug}" has no issuer`);
      return idp;
    },
  };
  return { deps, idps: entries };
}

/** While the store is unavailable the next run tries again. */
async function sweepSessions(deps: Deps): Promise<void> {
  try {
    const ended = await deps.sessions.deleteExpired();
    if (ended > 0) deps.log.debug("expired sessions removed", { sessions: ended });
  } catch (error) {
    deps.log.warn("expired sessions not removed", { reason: error instanceof Error ? error.message : String(error) });
  }
}

const idBytes = 8;
const atOnce = 64;

/** Gives a new request id with each call: 16 hexadecimal digits. It makes 64 at once, so that one costs as much as 8 digits alone. */
function requestIds(randomBytes: RandomBytes): () => string {
  let digits = "";
  let at = 0;
  return () => {
    if (at === digits.length) {
      digits = Buffer.from(randomBytes(idBytes * atOnce)).toString("hex");
      at = 0;
    }
    at += 2 * idBytes;
    return digits.slice(at - 2 * idBytes, at);
  };
}
