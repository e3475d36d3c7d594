import type { Provider } from "../provider.ts";
import { claimsOfTable, withAkProxyTable } from "./ak-proxy.ts";
import { keptClaims } from "./claim-texts.ts";
import { type Claims, type IdentityOutcome, identityFromClaims } from "./claims.ts";
import { type ClaimPaths, claimFields } from "./identity-fields.ts";

/** The settings of a provider about claims. */
export type ClaimReading = Pick<Provider, "oidc" | "claims" | "keptClaims" | "akProxy">;

/**
 * The identity of a login: from the claims, with the provider's `[ak_proxy]` filled once (authentik evaluates its mappings at login only), and
 * with the claims that `allow` and `rules` name. A missing claim that a template needs, and has no default for, refuses the login by its name.
 * `fillingClaims` fill the templates, where more claims are known than `claims`.
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

/** The paths of every claim that a login reads. Those missing from the id_token are fetched from userinfo (decision 4). */
export function claimsRead(reading: Omit<ClaimReading, "oidc">): readonly string[] {
  return [...Object.values(reading.claims), ...reading.keptClaims, ...claimsOfTable(reading.akProxy)];
}

/**
 * The claims of a program's token in the form of a user's (decision 39). Without `sub`, the client id is the uid and the user name, and every
 * other field is empty. With a `sub` that is the client id (RFC 9068 2.2), the client id replaces a missing user name. A user's claims stay as
 * they are. Keys set here win over a dotted path of the same spelling.
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

/** Does the token describe the client itself, and not a user? */
export function isMachine(claims: Claims): boolean {
  const subject = claims["sub"] ?? null;
  return subject === null || subject === clientOf(claims);
}

/** The client that received the token (RFC 7662 2.2, RFC 9068 2.2; `azp` where there is no `client_id`). */
export function clientOf(claims: Claims): string | null {
  const client = claims["client_id"] ?? claims["azp"];
  return typeof client === "string" && client !== "" ? client : null;
}
