import type { Identity } from "../identity.ts";
import type { Provider } from "../provider.ts";
import { withAkProxyTable } from "./ak-proxy.ts";
import type { Claims } from "./claims.ts";
import { noClaimedFields } from "./identity-fields.ts";

/** A hypothetical user: `expect.as` of the config, `--as` of explain. */
export interface Assumed {
  readonly username: string;
  readonly groups: readonly string[];
  readonly email: string;
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** The identity of a hypothetical user; every other field is empty. */
export function assumedIdentity({ username, groups, email, claims }: Assumed): Identity {
  return {
    issuer: "",
    subject: "",
    ...noClaimedFields,
    username,
    email,
    groups,
    emailVerified: null,
    areGroupsLeftOut: false,
    claims,
    idpSession: null,
    rawToken: "",
    proxy: { backendOverride: null, hostHeader: null, userAttributes: {} },
  };
}

/** The same user with the attributes of the provider's `[ak_proxy]`, or which claim the login would lack. */
export function assumedLogin(
  identity: Identity,
  { akProxy, claims: paths }: Pick<Provider, "akProxy" | "claims">,
): { readonly kind: "known"; readonly identity: Identity } | { readonly kind: "refused"; readonly reason: string } {
  const { username, email, groups, claims, proxy } = identity;
  const assumedClaims: Record<string, unknown> = Object.create(null);
  for (const [path, value] of [
    [paths.username, username],
    [paths.email, email],
    [paths.groups, groups],
  ] as const) {
    if (path !== "") assumedClaims[path] = value;
  }
  const known: Claims = Object.assign(assumedClaims, claims);
  const filled = withAkProxyTable(proxy, akProxy, known);
  return filled.kind === "filled" ? { kind: "known", identity: { ...identity, proxy: filled.proxy } } : filled;
}
