import type { Provider } from "../provider.ts";
import { withAkProxyTable } from "./ak-proxy.ts";
import { claimsOfTable } from "./ak-proxy-table.ts";
import { keptClaims } from "./claim-texts.ts";
import { type Claims, type IdentityOutcome, identityFromClaims } from "./claims.ts";

/** The part of a provider that says how claims are read. */
export type ClaimReading = Pick<Provider, "oidc" | "claims" | "keptClaims" | "akProxy">;

/**
 * Who logs in: the identity in the claims, with the provider's `[ak_proxy]` filled in once (authentik evaluates its mappings at login
 * only) and the claims that `allow` and `rules` ask about. A claim that a template needs and has no default for is a refusal that
 * names it. `fillingClaims` are those that templates are filled in with, where they are more than what is known now.
 */
export function identityAtLogin(
  claims: Claims,
  reading: ClaimReading,
  rawToken: string,
  fillingClaims: Claims = claims,
): IdentityOutcome {
  const outcome = identityFromClaims(claims, reading.claims, reading.oidc.issuer, rawToken);
  if (!outcome.ok) return outcome;
  const filled = withAkProxyTable(outcome.identity.proxy, reading.akProxy, fillingClaims);
  if (!filled.ok) return filled;
  const overage = outcome.identity.areGroupsLeftOut ? [overageText(reading.claims.groups)] : [];
  return {
    ok: true,
    identity: { ...outcome.identity, proxy: filled.proxy, claims: keptClaims(claims, reading.keptClaims) },
    warnings: [...outcome.warnings, ...filled.warnings, ...overage],
  };
}

function overageText(path: string): string {
  return (
    `claim "${path}": the issuer left the groups out because there are too many of them (groups overage); ` +
    "let it send only the groups assigned to the application, or app roles"
  );
}

/** The paths of every claim that a login reads: what is to be asked of userinfo where the id_token lacks one (decision 4). */
export function claimsRead(reading: Omit<ClaimReading, "oidc">): readonly string[] {
  return [...Object.values(reading.claims), ...reading.keptClaims, ...claimsOfTable(reading.akProxy)];
}
