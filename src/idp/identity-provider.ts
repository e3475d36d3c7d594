import type { Configuration } from "openid-client";
import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import { authorizationRequest } from "./authorization-request.ts";
import { type Discovery, discovery } from "./discovery.ts";
import { endSessionUrl } from "./end-session-url.ts";
import { expectedToken, type FinishLoginDeps, finishLogin, type LoginSettings } from "./finish-login.ts";
import { headerLogin } from "./header-login.ts";
import { type IssuerFetch, issuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { openidConfiguration } from "./openid-configuration.ts";
import { refreshLogin } from "./refresh-login.ts";
import { type SigningKeys, signingKeys } from "./signing-keys.ts";
import { verifyLogoutToken } from "./verify-logout-token.ts";

/** What talking to issuers needs. `timeoutMs` is how long one may take for an answer: 10 s. */
export interface IdentityProviderDeps {
  readonly log: Log;
  readonly version: string; //                     akproxy's, for the user agent
  readonly timeoutMs?: number;
  now(): number; //                                epoch seconds
}

/** What providers of the same issuer, reached the same way, have in common: one discovery, one set of keys. */
interface SharedIssuer {
  readonly discovery: Discovery;
  readonly keys: SigningKeys;
}

/** Makes the identity provider of each provider it is given. Starts nothing: the issuer is asked at the first use or `warmUp`. */
export function identityProviders(deps: IdentityProviderDeps): (provider: LoginSettings) => IdentityProvider {
  const shared = new Map<string, SharedIssuer>();
  return (provider) => {
    const { issuer, backchannelHost, caPem } = provider.oidc;
    const key = JSON.stringify([issuer, backchannelHost, caPem]);
    const known = shared.get(key) ?? sharedIssuer(provider, deps);
    shared.set(key, known);
    return identityProvider(provider, known, deps);
  };
}

function sharedIssuer(provider: LoginSettings, deps: IdentityProviderDeps): SharedIssuer {
  const fetch = fetchFor(provider, deps, "");
  return { discovery: discovery(provider.oidc.issuer, fetch, deps), keys: signingKeys(fetch) };
}

function fetchFor(provider: LoginSettings, deps: IdentityProviderDeps, agentNote: string): IssuerFetch {
  return issuerFetch({
    issuer: provider.oidc.issuer,
    backchannelHost: provider.oidc.backchannelHost,
    caPem: provider.oidc.caPem,
    userAgent: `goauthentik.io/outpost/${deps.version}${agentNote}`, // authentik's user agent of back-channel calls
    timeoutMs: deps.timeoutMs ?? 10_000,
  });
}

function identityProvider(provider: LoginSettings, shared: SharedIssuer, deps: IdentityProviderDeps): IdentityProvider {
  const client = provider.oidc;
  const fetch = fetchFor(provider, deps, ` (provider=${provider.name.replace(/[^ -~]/g, "?")})`);
  const configure = (metadata: IssuerMetadata, through: IssuerFetch): Configuration =>
    openidConfiguration(metadata, client, { fetch: through, now: deps.now() });
  const asking: FinishLoginDeps = { provider, ...shared, fetch, configure, ...deps };

  return {
    async authorizationUrl(login) {
      const metadata = await shared.discovery.metadata();
      return authorizationRequest(configure(metadata, fetch), client, metadata, login);
    },
    redeem: (callback, expected) => finishLogin(callback, expected, asking),
    refresh: (identity, refreshToken) => refreshLogin(identity, refreshToken, asking),
    authenticate: (credential) => headerLogin(credential, asking),
    async readLogoutToken(token) {
      return verifyLogoutToken(token, expectedToken(await shared.discovery.metadata(), asking));
    },
    endSessionUrl: async (idToken) => endSessionUrl(await shared.discovery.metadata(), client, idToken),
    jwksUri: () => shared.discovery.known()?.jwksUri ?? "",
    status: () => ({ ready: shared.discovery.known() !== null, lastError: shared.discovery.lastError() }),
    warmUp: () => shared.discovery.warmUp(),
  };
}
