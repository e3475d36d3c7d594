import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { Failure } from "../core/failure.ts";

/** The name of a token in messages. */
export type TokenName = "id_token" | "logout_token" | "access_token";

/** The values that every token of an issuer for a client must match. */
export interface ExpectedToken {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string; //                the key of HS algorithms
  readonly algorithms: readonly string[];
  readonly keys: JWTVerifyGetKey | null; //        null: the issuer has no jwks_uri
  readonly now: number; //                         epoch seconds
}

const maxTokenBytes = 16 * 1024;

/** The tolerance for a difference between the issuer's clock and ours. */
export const toleranceSeconds = 60;

/**
 * The claims of a token with a valid signature, from this issuer, for this client, within its times (RFC 8725; JWT-01 to JWT-08). The
 * caller checks the kind of token. Throws `Failure` idp_token_invalid, which names the failed check and never the token; errors from
 * fetching keys pass through.
 */
export async function verifiedClaims(
  name: TokenName,
  token: string,
  expected: ExpectedToken,
  required: readonly string[],
): Promise<JWTPayload> {
  const claims = await addressedClaims(name, token, expected, required);
  checkAuthorizedParty(name, claims, expected.clientId);
  return claims;
}

/** As `verifiedClaims`, but without the check of `azp`: an access token may have several audiences (RFC 9068 4). */
export async function addressedClaims(
  name: TokenName,
  token: string,
  expected: ExpectedToken,
  required: readonly string[],
): Promise<JWTPayload> {
  const claims = await verified(name, token, expected, required);
  if (claims.exp !== undefined && !Number.isFinite(claims.exp)) throw invalidToken(name, "exp is not a time");
  if (typeof claims.iat !== "number" || claims.iat > expected.now + toleranceSeconds) {
    throw invalidToken(name, "iat is in the future");
  }
  return claims;
}

/** The header's `typ` in lower case; "" if it has none. Throws `Failure` idp_token_invalid for a text that is not a signed token. */
export function typeOf(name: TokenName, token: string): string {
  if (token.length > maxTokenBytes) throw invalidToken(name, "longer than 16 KiB");
  if (token.split(".").length !== 3) throw invalidToken(name, "not a signed token of three parts");
  try {
    const { typ = "" } = decodeProtectedHeader(token);
    return String(typ).toLowerCase();
  } catch (error) {
    throw invalidToken(name, "its header is not readable", error);
  }
}

/** The `Failure` for an invalid token. */
export function invalidToken(name: TokenName, what: string, cause?: unknown): Failure {
  return new Failure("idp_token_invalid", `${name}: ${what}`, { cause });
}

async function verified(
  name: TokenName,
  token: string,
  expected: ExpectedToken,
  required: readonly string[],
): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...expected.algorithms],
    issuer: expected.issuer,
    audience: expected.clientId,
    clockTolerance: toleranceSeconds,
    currentDate: new Date(expected.now * 1000),
    requiredClaims: [...required],
  };
  try {
    return (await jwtVerify(token, keyFor(name, expected), options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifiedByOneOf(name, error, token, options);
    throw translated(name, error);
  }
}

/** The key for the header's algorithm, which `algorithms` has already allowed: a public key is never used for an HMAC (JWT-02). */
function keyFor(name: TokenName, expected: ExpectedToken): JWTVerifyGetKey {
  return (header, token) => {
    if (header.alg?.startsWith("HS")) return new TextEncoder().encode(expected.clientSecret);
    if (expected.keys === null) throw invalidToken(name, "the issuer has no keys to verify it");
    return expected.keys(header, token);
  };
}

/** A token without `kid` when several keys fit: it is valid if one of them verifies its signature. */
async function verifiedByOneOf(
  name: TokenName,
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw translated(name, error);
    }
  }
  throw invalidToken(name, "signature verification failed");
}

/** OIDC Core 3.1.3.7, 4 and 5: with several audiences this client must be the authorized party (JWT-05). */
function checkAuthorizedParty(name: TokenName, claims: JWTPayload, clientId: string): void {
  const azp = claims["azp"];
  if (azp === undefined && (typeof claims.aud === "string" || claims.aud?.length === 1)) return;
  if (azp !== clientId) throw invalidToken(name, "azp is not this client");
}

/** jose's messages name the check and contain no value of the token. */
function translated(name: TokenName, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof errors.JOSEError)) return invalidToken(name, "not readable", error);
  switch (error.code) {
    case "ERR_JWKS_TIMEOUT":
      return new Failure("idp_unreachable", "issuer: its keys did not arrive in time", { cause: error });
    case "ERR_JWKS_INVALID":
    case "ERR_JOSE_GENERIC": //                    jose: the jwks_uri did not answer 200, or not with JSON
      return new Failure("idp_misconfigured", `issuer: its jwks_uri has no keys: ${error.message}`, { cause: error });
    default:
      return invalidToken(name, error.message, error);
  }
}
