import type { Limits } from "../core/config.ts";
import type { ProviderDirectory } from "../core/decide/choose-provider.ts";
import type { Network } from "../core/http/ip-address.ts";
import type { Provider } from "../core/provider.ts";
import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { SessionStore } from "../ports/session-store.ts";
import type { ConsumedAttempts } from "../seal/consumed-attempts.ts";
import type { Keys } from "../seal/keys.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import type { LiveStreams } from "./live-streams.ts";
import type { LoginLoops } from "./login/login-loops.ts";
import type { PeerRate } from "./login/peer-rate.ts";
import type { SeenTokens } from "./login/seen-tokens.ts";
import type { CredentialAnswers } from "./visitor/credential-answers.ts";
import type { CredentialLimits } from "./visitor/credential-limits.ts";
import type { ClaimRefreshes } from "./visitor/refresh.ts";
import type { WarnOnce } from "./warn-once.ts";

/** Everything that an endpoint can reach. compose/compose.ts fills it. */
export interface Deps {
  readonly directory: ProviderDirectory;
  readonly providers: readonly Provider[];
  readonly trustedProxies: readonly Network[];
  readonly limits: Limits;
  readonly outpostName: string;
  readonly version: string;
  readonly sessions: SessionStore;
  readonly idpOf: (provider: Provider) => IdentityProvider;
  readonly keys: Keys;
  readonly consumed: ConsumedAttempts;
  readonly loops: LoginLoops;
  readonly liveStreams: LiveStreams;
  readonly refreshes: ClaimRefreshes;
  readonly seenLogouts: SeenTokens;
  readonly logoutRate: PeerRate; //                of refused logout tokens
  readonly credentials: CredentialAnswers;
  readonly credentialLimits: CredentialLimits;
  readonly log: Log;
  readonly warnOnce: WarnOnce;
  readonly metrics: Metrics;
  readonly now: () => number; //                   epoch seconds
  readonly randomBytes: RandomBytes;
  readonly newRequestId: () => string;
}
