import type { Claims } from "../core/identity/claims.ts";
import { type ExpectedToken, invalidToken, typeOf, verifiedClaims } from "./verify-token.ts";

/** The values that the id_token of a login must match. */
export interface ExpectedIdToken extends ExpectedToken {
  readonly nonce: string;
}

/**
 * The claims of a valid id_token (OIDC Core 3.1.3.7, RFC 8725; JWT-01 to JWT-08). Throws `Failure` idp_token_invalid, which names the
 * failed check and never the token; errors from fetching keys pass through.
 */
export async function verifyIdToken(token: string, expected: ExpectedIdToken): Promise<Claims> {
  const claims = await signedClaims(token, expected);
  if (claims["nonce"] !== expected.nonce) throw invalidToken("id_token", "nonce does not match this login");
  return claims;
}

/**
 * The claims of a valid id_token of a refresh (OIDC Core 12.2). It may have no nonce, but must not have a different one from the login's
 * (`nonce`; null: no longer known). The caller checks the subject. Throws as `verifyIdToken`.
 */
export async function verifyRefreshedIdToken(
  token: string,
  expected: ExpectedToken,
  nonce: string | null,
): Promise<Claims> {
  const claims = await signedClaims(token, expected);
  if (claims["nonce"] !== undefined && nonce !== null && claims["nonce"] !== nonce) {
    throw invalidToken("id_token", "nonce does not match this login");
  }
  return claims;
}

async function signedClaims(token: string, expected: ExpectedToken): Promise<Claims> {
  // RFC 8725 3.11: at+jwt, logout+jwt and similar types mark other kinds of token (JWT-07)
  if (typeOf("id_token", token).endsWith("+jwt")) {
    throw invalidToken("id_token", "typ belongs to another kind of token");
  }
  const claims = await verifiedClaims("id_token", token, expected, ["exp", "iat", "sub"]);
  // a logout token has no nonce and may have no typ: only `events` distinguishes it from an id_token of a refresh (JWT-07)
  if (claims["events"] !== undefined) throw invalidToken("id_token", "events belongs to another kind of token");
  return claims;
}
