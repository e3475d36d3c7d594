import type { Claims } from "../core/identity/claims.ts";
import { type ExpectedToken, invalidToken, typeOf, verifiedClaims } from "./verify-token.ts";

/** What the id_token of a login must match. */
export interface ExpectedIdToken extends ExpectedToken {
  readonly nonce: string;
}

/**
 * The claims of a valid id_token (OIDC Core 3.1.3.7, RFC 8725; JWT-01 to JWT-08). Throws `Failure` idp_token_invalid naming the
 * check that failed and never the token; what fetching keys throws passes through.
 */
export async function verifyIdToken(token: string, expected: ExpectedIdToken): Promise<Claims> {
  const claims = await signedClaims(token, expected);
  if (claims["nonce"] !== expected.nonce) throw invalidToken("id_token", "nonce is not the one of this login");
  return claims;
}

/**
 * The claims of a valid id_token that came with a refresh (OIDC Core 12.2): it need not have a nonce, but must not have another one
 * than that of the login (`nonce`; null: not known any more). Whose it is, the caller looks at. Throws as `verifyIdToken`.
 */
export async function verifyRefreshedIdToken(
  token: string,
  expected: ExpectedToken,
  nonce: string | null,
): Promise<Claims> {
  const claims = await signedClaims(token, expected);
  if (claims["nonce"] !== undefined && nonce !== null && claims["nonce"] !== nonce) {
    throw invalidToken("id_token", "nonce is not the one of this login");
  }
  return claims;
}

async function signedClaims(token: string, expected: ExpectedToken): Promise<Claims> {
  // RFC 8725 3.11: at+jwt, logout+jwt and their like say that they are something else (JWT-07).
  if (typeOf("id_token", token).endsWith("+jwt")) {
    throw invalidToken("id_token", "typ says that it is another kind of token");
  }
  const claims = await verifiedClaims("id_token", token, expected, ["exp", "iat", "sub"]);
  // a logout token has no nonce and may be untyped, so that nothing but this tells it from an id_token of a refresh (JWT-07)
  if (claims["events"] !== undefined) throw invalidToken("id_token", "events says that it is another kind of token");
  return claims;
}
