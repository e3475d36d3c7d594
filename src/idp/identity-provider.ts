import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import { type Discovery, discovery } from "./discovery.ts";
import { finishLogin } from "./finish-login.ts";
import { headerLogin } from "./header-login.ts";
import { expectedToken, type IssuerContext, type LoginSettings } from "./issuer-context.ts";
import { type IssuerFetch, issuerFetch } from "./issuer-fetch.ts";
import { authorizationUrl, endSessionUrl } from "./issuer-urls.ts";
import { refreshLogin } from "./refresh-login.ts";
import { type SigningKeys, signingKeys } from "./signing-keys.ts";
import { verifyLogoutToken } from "./verify-logout-token.ts";

/** What talking to issuers needs. `timeoutMs` limits each request to an issuer; the default is 10 s. */
export interface IdentityProviderDeps {
  readonly log: Log;
  readonly version: string; //                     akproxy's, for the user agent
  readonly timeoutMs?: number;
  now(): number; //                                epoch seconds
}

/** Providers with the same issuer and the same connection settings share one discovery and one set of keys. */
interface SharedIssuer {
  readonly discovery: Discovery;
  readonly keys: SigningKeys;
}

/** Returns a function that makes the identity provider of a provider. No request is sent before the first use or `warmUp`. */
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
  const context: IssuerContext = { provider, ...shared, fetch, ...deps };

  return {
    authorizationUrl: async (login) => authorizationUrl(await shared.discovery.metadata(), client, login),
    redeem: (callback, expected) => finishLogin(callback, expected, context),
    refresh: (identity, refreshToken) => refreshLogin(identity, refreshToken, context),
    authenticate: (credential) => headerLogin(credential, context),
    async readLogoutToken(token) {
      return verifyLogoutToken(token, expectedToken(await shared.discovery.metadata(), context));
    },
    endSessionUrl: async (idToken) => endSessionUrl(await shared.discovery.metadata(), client, idToken),
    jwksUri: () => shared.discovery.known()?.jwksUri ?? "",
    status: () => ({ ready: shared.discovery.known() !== null, lastError: shared.discovery.lastError() }),
    warmUp: () => shared.discovery.warmUp(),
  };
}
