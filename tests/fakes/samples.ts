import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { noAkProxyTable } from "../../src/core/identity/ak-proxy.ts";
import { byClaimKey, noClaimedFields } from "../../src/core/identity/identity-fields.ts";
import type { Identity } from "../../src/core/identity.ts";
import type {
  ForwardDomainProvider,
  ForwardSingleProvider,
  OidcClient,
  Provider,
  ProxyProvider,
  Upstream,
} from "../../src/core/provider.ts";
import type { InboundRequest } from "../../src/core/request.ts";
import type { OutpostFacts } from "../../src/core/upstream/identity-headers.ts";
import { compileGoRegExps } from "../../src/goregexp/compile.ts";

/** The keys of the claims table with their defaults. */
export const defaultClaims: Provider["claims"] = byClaimKey(({ claim }) => claim);

const oidc: OidcClient = {
  issuer: "https://idp.test/",
  clientId: "akproxy",
  clientSecret: "",
  scopes: ["openid"],
  authorizeParams: {},
  tokenEndpointAuthMethod: "",
  postLogoutRedirectUri: "",
  backchannelHost: "",
  caPem: null,
};

export const upstream: Upstream = {
  scheme: "http",
  hostAndPort: "127.0.0.1:8080",
  unixPath: null,
  basePath: "",
  baseQuery: "",
  verifyTls: true,
  caPem: null,
  serverName: null,
  reach: "anywhere",
};

const common: Omit<ProxyProvider, "mode" | "upstream" | "overrideHosts"> = {
  slug: "app",
  name: "The App",
  externalHost: new URL("https://app.test"),
  oidc,
  cookie: { name: "__Host-akproxy_app", domain: null, secure: true },
  sessionSeconds: 86_400,
  idleSeconds: 0,
  refreshesClaims: true,
  skipPaths: compileGoRegExps([]),
  protectPaths: compileGoRegExps([]),
  interceptHeaderAuth: true,
  basicAuth: null,
  claims: defaultClaims,
  hostHeader: null,
  keptClaims: [],
  akProxy: noAkProxyTable,
  groupsFilter: compileGoRegExps([]),
  allow: null,
  rules: [],
  headerEncoding: "utf8",
  sendJwt: true,
  endsStreams: true,
  certificate: null,
};

/** https://app.test in proxy mode, with the changes of a test. */
export function proxyProvider(different: Partial<ProxyProvider> = {}): ProxyProvider {
  return { ...common, mode: "proxy", upstream, overrideHosts: [], ...different };
}

export function singleProvider(different: Partial<ForwardSingleProvider> = {}): ForwardSingleProvider {
  return { ...common, mode: "forward_single", ...different };
}

/** https://auth.corp.test with cookie domain corp.test. */
export function domainProvider(different: Partial<ForwardDomainProvider> = {}): ForwardDomainProvider {
  return {
    ...common,
    slug: "corp",
    mode: "forward_domain",
    externalHost: new URL("https://auth.corp.test"),
    cookieDomain: "corp.test",
    ...different,
  };
}

/** `provider` with these public and protected patterns. */
export function withPaths<P extends Provider>(
  provider: P,
  skip: readonly string[],
  protect: readonly string[] = [],
): P {
  return { ...provider, skipPaths: compileGoRegExps(skip), protectPaths: compileGoRegExps(protect) };
}

export function alice(different: Partial<Identity> = {}): Identity {
  return {
    ...noClaimedFields,
    issuer: "https://idp.test/",
    subject: "sub-of-alice",
    uid: "sub-of-alice",
    username: "alice",
    email: "alice@example.test",
    emailVerified: null,
    name: "Alice Example",
    groups: ["admins", "staff"],
    entitlements: ["demo"],
    areGroupsLeftOut: false,
    claims: {},
    idpSession: null,
    rawToken: "header.payload.signature",
    proxy: { backendOverride: null, hostHeader: null, userAttributes: {} },
    ...different,
  };
}

/** alice with these attributes in ak_proxy.user_attributes. */
export function aliceWith(userAttributes: Readonly<Record<string, unknown>>): Identity {
  return alice({ proxy: { backendOverride: null, hostHeader: null, userAttributes } });
}

export const outpost: OutpostFacts = { outpostName: "akproxy", version: "1.2.3", jwksUri: "https://idp.test/jwks" };

/** The identity headers of alice at the sample provider. */
export const alicesHeaders: HeaderLines = [
  ["X-authentik-username", "alice"],
  ["X-authentik-groups", "admins|staff"],
  ["X-authentik-entitlements", "demo"],
  ["X-authentik-email", "alice@example.test"],
  ["X-authentik-name", "Alice Example"],
  ["X-authentik-uid", "sub-of-alice"],
  ["X-authentik-jwt", "header.payload.signature"],
  ["X-authentik-meta-jwks", "https://idp.test/jwks"],
  ["X-authentik-meta-outpost", "akproxy"],
  ["X-authentik-meta-provider", "The App"],
  ["X-authentik-meta-app", "app"],
  ["X-authentik-meta-version", "goauthentik.io/outpost/1.2.3"],
];

/** GET https://app.test/ from 192.0.2.7, without a proxy. */
export function inbound(different: Partial<InboundRequest> = {}): InboundRequest {
  return {
    id: "0123456789abcdef",
    method: "GET",
    scheme: "https",
    host: "app.test",
    hostHeader: "app.test",
    hostSource: "Host",
    target: "/",
    headers: [["Host", "app.test"]],
    clientAddress: "192.0.2.7",
    peerAddress: "192.0.2.7",
    peerIsTrusted: false,
    ...different,
  };
}

/** What a login reads of a provider whose `[oidc]` names the issuer and the client only. */
export function loginSettings(
  issuer: string,
  different: Partial<OidcClient> = {},
  claims: Partial<Provider["claims"]> = {},
): Pick<Provider, "oidc" | "claims" | "name" | "keptClaims" | "akProxy"> {
  const client = {
    clientId: "app",
    clientSecret: "a client secret of forty characters, yes",
    scopes: ["openid", "profile", "email", "entitlements", "ak_proxy"],
  };
  return {
    name: "app",
    claims: { ...defaultClaims, ...claims },
    keptClaims: [],
    akProxy: noAkProxyTable,
    oidc: { ...oidc, issuer, ...client, ...different },
  };
}
