import type { Provider } from "../provider.ts";
import { claimsOfTable, withAkProxyTable } from "./ak-proxy.ts";
import { keptClaims } from "./claim-texts.ts";
import { type Claims, type IdentityOutcome, identityFromClaims } from "./claims.ts";
import { type ClaimPaths, claimFields } from "./identity-fields.ts";

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
  if (outcome.kind === "refused") return outcome;
  const filled = withAkProxyTable(outcome.identity.proxy, reading.akProxy, fillingClaims);
  if (filled.kind === "refused") return filled;
  const overage = outcome.identity.areGroupsLeftOut ? [overageText(reading.claims.groups)] : [];
  return {
    kind: "identity",
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

/**
 * The claims of a machine's token as those of somebody (decision 39): without `sub` the client is who it is, by uid and user name, and
 * nobody's groups, email and the rest are its own. With a `sub` that is the client's id (RFC 9068 2.2) only a user name that lacks is
 * its id. A person's claims stay as they are. Keys that stand here win over a dotted path of the same spelling.
 */
export function machineClaims(claims: Claims, paths: ClaimPaths): Claims {
  const client = clientOf(claims);
  const subject = claims["sub"];
  if (client === null || (subject !== undefined && subject !== null && subject !== client)) return claims;
  const own = { [paths.username]: client, [paths.uid]: client, client_id: client, sub: client };
  if (subject === client) return { [paths.username]: client, ...claims, client_id: client };
  const empty = claimFields.map(({ kind, key }) => [paths[key], kind === "text" ? "" : []]);
  return { ...claims, ak_proxy: null, sid: null, ...Object.fromEntries(empty), ...own };
}

/** Does the token speak of the client itself, and of nobody else? */
export function isMachine(claims: Claims): boolean {
  const subject = claims["sub"] ?? null;
  return subject === null || subject === clientOf(claims);
}

/** Who was given the token (RFC 7662 2.2, RFC 9068 2.2; `azp` where there is no `client_id`). */
export function clientOf(claims: Claims): string | null {
  const client = claims["client_id"] ?? claims["azp"];
  return typeof client === "string" && client !== "" ? client : null;
}
