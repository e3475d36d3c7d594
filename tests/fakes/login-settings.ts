import { noAkProxyTable } from "../../src/core/identity/ak-proxy.ts";
import { byClaimKey } from "../../src/core/identity/identity-fields.ts";
import type { OidcClient, Provider } from "../../src/core/provider.ts";
import type { Log, LogFields } from "../../src/ports/log.ts";

/** The claims table's defaults. */
export const defaultClaims: Provider["claims"] = byClaimKey(({ claim }) => claim);

/** What login depends on of a provider, as `[oidc]` has it when only the issuer and the client are written. */
export function loginSettings(
  issuer: string,
  oidc: Partial<OidcClient> = {},
  claims: Partial<Provider["claims"]> = {},
): Pick<Provider, "oidc" | "claims" | "name" | "keptClaims" | "akProxy"> {
  return {
    name: "app",
    claims: { ...defaultClaims, ...claims },
    keptClaims: [],
    akProxy: noAkProxyTable,
    oidc: {
      issuer,
      clientId: "app",
      clientSecret: "a client secret of forty characters, yes",
      scopes: ["openid", "profile", "email", "entitlements", "ak_proxy"],
      authorizeParams: {},
      tokenEndpointAuthMethod: "",
      postLogoutRedirectUri: "",
      backchannelHost: "",
      caPem: null,
      ...oidc,
    },
  };
}

/** A log that keeps its lines: `warn issuer discovery failed {"issuer":…}`. */
export function keptLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  return {
    lines,
    trace: keep("trace"),
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    flush: () => {},
  };
}
