import type { Claims } from "../core/identity/claims.ts";
import { addressedClaims, type ExpectedToken, invalidToken, typeOf } from "./verify-token.ts";

/** Claims that only an id_token has (OIDC Core 2, 3.3.2.11). */
const idTokenClaims = ["nonce", "at_hash", "c_hash", "s_hash"];

/**
 * Claims that only an access token has: those of RFC 9068 and 8693, then those of Okta, Entra ID and Keycloak. When the header does not
 * name the type, only they distinguish it from an id_token without nonce, such as one of a refresh (JWT-07).
 */
const accessTokenClaims = ["scope", "client_id", "scp", "cid", "azpacr", "appidacr"];

/**
 * The claims of a valid JWT access token for this client (RFC 9068 4; JWT-01 to JWT-08). Other kinds of token are refused. `exp` has no
 * tolerance: a token that is used often must not last longer than the issuer said (M2M-03). Throws `Failure` idp_token_invalid, which
 * names the failed check and never the token; errors from fetching keys pass through.
 */
export async function verifyAccessToken(token: string, expected: ExpectedToken): Promise<Claims> {
  const type = typeOf("access_token", token).replace(/^application\//, "");
  if (!["", "jwt", "at+jwt"].includes(type)) throw invalid("typ belongs to another kind of token");
  const claims = await addressedClaims("access_token", token, expected, ["exp", "iat"]);
  if (Number(claims.exp) <= expected.now) throw invalid("exp is in the past");
  checkKind(claims);
  if (type !== "at+jwt" && !isAccessToken(claims)) throw invalid("neither typ nor a claim marks it as an access token");
  return claims;
}

/**
 * Throws `Failure` idp_token_invalid when the claims belong to another kind of token, or to a token that is bound to a key: a Bearer
 * credential does not prove possession of the key (RFC 9449 7.1, RFC 8705 3).
 */
export function checkKind(claims: Claims): void {
  if (claims["cnf"] !== undefined) throw invalid("it is bound to a key, which akproxy cannot check");
  if (claims["events"] !== undefined) throw invalid("events belongs to another kind of token");
  const kind = keycloakKind(claims);
  if (kind !== "" && kind !== "bearer") throw invalid("typ belongs to another kind of token");
}

function isAccessToken(claims: Claims): boolean {
  if (idTokenClaims.some((name) => claims[name] !== undefined)) return false;
  return keycloakKind(claims) === "bearer" || accessTokenClaims.some((name) => claims[name] !== undefined);
}

/** Keycloak's claim `typ`: Bearer, ID, Refresh, Offline, Logout. */
function keycloakKind(claims: Claims): string {
  const kind = claims["typ"];
  return typeof kind === "string" ? kind.toLowerCase() : "";
}

function invalid(what: string) {
  return invalidToken("access_token", what);
}
