import type { Claims } from "../core/identity/claims.ts";
import { addressedClaims, type ExpectedToken, invalidToken, typeOf } from "./verify-token.ts";

/** What only an id_token has (OIDC Core 2, 3.3.2.11). */
const idTokenClaims = ["nonce", "at_hash", "c_hash", "s_hash"];

/**
 * What only an access token has, where its header does not say what it is: RFC 9068 and 8693, then Okta's, Entra ID's and Keycloak's.
 * An id_token without nonce, as of a refresh, is told from it by nothing else (JWT-07).
 */
const accessTokenClaims = ["scope", "client_id", "scp", "cid", "azpacr", "appidacr"];

/**
 * The claims of a valid JWT access token for this client (RFC 9068 4; JWT-01 to JWT-08), which no other kind of token is. Its `exp` is
 * kept to the second: a token is not good for longer than the issuer said because somebody shows it often (M2M-03). Throws `Failure`
 * idp_token_invalid naming the check that failed and never the token; what fetching keys throws passes through.
 */
export async function verifyAccessToken(token: string, expected: ExpectedToken): Promise<Claims> {
  const type = typeOf("access_token", token).replace(/^application\//, "");
  if (!["", "jwt", "at+jwt"].includes(type)) throw invalid("typ says that it is another kind of token");
  const claims = await addressedClaims("access_token", token, expected, ["exp", "iat"]);
  if (Number(claims.exp) <= expected.now) throw invalid("it is past its exp");
  checkKind(claims);
  if (type !== "at+jwt" && !isAccessToken(claims)) throw invalid("nothing says that it is an access token");
  return claims;
}

/**
 * Throws `Failure` idp_token_invalid when the claims are those of another kind of token, or of one that is bound to a key, which a Bearer
 * credential does not prove (RFC 9449 7.1, RFC 8705 3).
 */
export function checkKind(claims: Claims): void {
  if (claims["cnf"] !== undefined) throw invalid("it is bound to a key, which is not shown");
  if (claims["events"] !== undefined) throw invalid("events says that it is another kind of token");
  const kind = keycloakKind(claims);
  if (kind !== "" && kind !== "bearer") throw invalid("typ says that it is another kind of token");
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
