import type { ClaimPaths } from "../provider.ts";
import type { Claims } from "./claims.ts";
import { claimFields } from "./identity-fields.ts";

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
