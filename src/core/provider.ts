import type { GoRegExpSet } from "../goregexp/compile.ts";
import type { AkProxyTable } from "./identity/ak-proxy.ts";
import type { ClaimPaths } from "./identity/identity-fields.ts";
import type { UpstreamReach } from "./upstream/upstream-reach.ts";

/** A protected application; in authentik a proxy provider and its application. One type for each mode (spec: proxy modes). */
export type Provider = ProxyProvider | ForwardSingleProvider | ForwardDomainProvider;

interface ProviderCommon {
  readonly slug: string; //                        the application's slug: X-authentik-meta-app; unique, [a-z0-9_-]
  readonly name: string; //                        X-authentik-meta-provider
  readonly externalHost: URL; //                   where the browser reaches it; in forward_domain the authentication URL
  readonly oidc: OidcClient;
  readonly cookie: CookieScope;
  readonly sessionSeconds: number; //              absolute lifetime of a session
  readonly idleSeconds: number; //                 0: no idle limit
  readonly refreshesClaims: boolean; //            when the issuer gives a refresh token
  readonly skipPaths: GoRegExpSet; //              unauthenticated: path in proxy and forward_single, whole URL in forward_domain
  readonly protectPaths: GoRegExpSet; //           wins over skipPaths
  readonly interceptHeaderAuth: boolean;
  readonly basicAuth: BasicInjection | null;
  readonly claims: ClaimPaths;
  readonly keptClaims: readonly string[]; //       claims that `allow` and `rules` use: stored with a session
  readonly akProxy: AkProxyTable;
  readonly hostHeader: string | null; //           ak_proxy.host_header without a claim; "{internal_host}" is the upstream's own host
  readonly allow: Allow | null; //                 null: every authenticated user
  readonly rules: readonly AccessRule[]; //        before skipPaths and allow; the first that matches decides
  readonly headerEncoding: HeaderEncoding;
  readonly sendJwt: boolean;
  readonly endsStreams: boolean; //                open WebSockets and event streams end with their session
  readonly groupsFilter: GoRegExpSet; //           the groups in X-authentik-groups; without a pattern every group
  readonly certificate: Certificate | null; //     served by SNI for externalHost
}

export interface ProxyProvider extends ProviderCommon {
  readonly mode: "proxy";
  readonly upstream: Upstream;
  readonly overrideHosts: readonly OverrideHost[]; // backend_override_hosts; none: no override is followed
}
export interface ForwardSingleProvider extends ProviderCommon {
  readonly mode: "forward_single";
}
export interface ForwardDomainProvider extends ProviderCommon {
  readonly mode: "forward_domain";
  readonly cookieDomain: string; //                lower case, no leading dot
}

export type HeaderEncoding = "utf8" | "percent" | "rfc2047";

/** The target of a proxy provider's requests: `internal_host`, parsed once. */
export interface Upstream {
  readonly scheme: "http" | "https";
  readonly hostAndPort: string; //                 as in the config: the Host of `host_header = "{internal_host}"`
  readonly unixPath: string | null; //             a socket instead of hostAndPort's address
  readonly basePath: string; //                    "" or "/base", without a slash at its end
  readonly baseQuery: string; //                   "" or "a=b"
  readonly verifyTls: boolean;
  readonly caPem: string | null;
  readonly serverName: string | null; //           SNI, and the name the certificate must have
  readonly reach: UpstreamReach; //                the addresses that akproxy may connect to
}

/** An entry of `backend_override_hosts` (decision 31). */
export type OverrideHost =
  | { readonly kind: "host"; readonly hostname: string; readonly port: number | null } // null: any port
  | { readonly kind: "below"; readonly suffix: string } // *.suffix
  | { readonly kind: "any" };

/** The OpenID Connect client of a provider: `[oidc]` with the provider's own keys over it. */
export interface OidcClient {
  readonly issuer: string; //                      exactly as configured: compared byte for byte with `iss`
  readonly clientId: string;
  readonly clientSecret: string; //                "": a public client
  readonly scopes: readonly string[];
  readonly authorizeParams: Readonly<Record<string, string>>;
  readonly tokenEndpointAuthMethod: string; //     "": from the issuer's metadata
  readonly postLogoutRedirectUri: string; //       "": not sent
  readonly backchannelHost: string; //             "": the issuer's own; else host[:port] to connect to
  readonly caPem: string | null;
}

/** The scope of a provider's cookies (RFC 6265bis; decision 17). */
export interface CookieScope {
  readonly name: string; //                        with its __Host- or __Secure- prefix
  readonly domain: string | null;
  readonly secure: boolean;
}

export interface BasicInjection {
  readonly userAttribute: string; //               "": the email
  readonly passwordAttribute: string;
}

/** The users who may enter: one matching entry is enough (spec: [providers.X.allow]). */
export interface Allow {
  readonly groups: readonly string[];
  readonly users: readonly string[];
  readonly emails: readonly string[];
  readonly emailDomains: readonly string[];
  readonly claims: Readonly<Record<string, readonly string[]>>; // at least one of these claims has one of its values
}

/** One of a provider's `rules`: its conditions and its access. An empty list and null match everything. */
export interface AccessRule {
  readonly hosts: readonly string[]; //            lower case, without port; "*.lab.company" matches every subdomain
  readonly path: GoRegExpSet | null; //            one pattern, searched in the decoded path
  readonly methods: readonly string[]; //          upper case
  readonly access: RuleAccess;
}

export type RuleAccess =
  | { readonly kind: "public" }
  | { readonly kind: "login" } //                  every user who is logged in
  | { readonly kind: "deny" } //                   no request
  | { readonly kind: "allow"; readonly allow: Allow };

/** A certificate chain and its key as PEM texts. */
export interface Certificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}
