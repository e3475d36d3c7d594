import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import type { Claims } from "../core/claims.ts";
import { Failure } from "../core/failure.ts";

/** What an id_token must match. */
export interface ExpectedIdToken {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string; //                the key of HS algorithms
  readonly algorithms: readonly string[];
  readonly nonce: string;
  readonly keys: JWTVerifyGetKey | null; //        null: the issuer has no jwks_uri
  readonly now: number; //                         epoch seconds
}

const maxTokenBytes = 16 * 1024;
const toleranceSeconds = 60;

/**
 * The claims of a valid id_token (OIDC Core 3.1.3.7, RFC 8725; JWT-01 to JWT-08). Throws `Failure` idp_token_invalid naming the
 * check that failed and never the token; what fetching keys throws passes through.
 */
export async function verifyIdToken(token: string, expected: ExpectedIdToken): Promise<Claims> {
  if (token.length > maxTokenBytes) throw invalid("longer than 16 KiB");
  if (token.split(".").length !== 3) throw invalid("not a signed token of three parts");
  // RFC 8725 3.11: at+jwt, logout+jwt and their like say that they are something else (JWT-07).
  if (kindOf(token).endsWith("+jwt")) throw invalid("typ says that it is another kind of token");
  const claims = await verified(token, expected);
  checkTimes(claims, expected.now);
  checkAuthorizedParty(claims, expected.clientId);
  if (claims["nonce"] !== expected.nonce) throw invalid("nonce is not the one of this login");
  return claims;
}

function kindOf(token: string): string {
  try {
    const { typ = "" } = decodeProtectedHeader(token);
    return String(typ).toLowerCase();
  } catch (error) {
    throw invalid("its header is not readable", error);
  }
}

async function verified(token: string, expected: ExpectedIdToken): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...expected.algorithms],
    issuer: expected.issuer,
    audience: expected.clientId,
    clockTolerance: toleranceSeconds,
    currentDate: new Date(expected.now * 1000),
    requiredClaims: ["exp", "iat", "sub"],
  };
  try {
    return (await jwtVerify(token, keyFor(expected), options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifiedByOneOf(error, token, options);
    throw translated(error);
  }
}

/** By the header's algorithm, which `algorithms` has admitted by then: a public key is never an HMAC's key (JWT-02). */
function keyFor(expected: ExpectedIdToken): JWTVerifyGetKey {
  return (header, token) => {
    if (header.alg?.startsWith("HS")) return new TextEncoder().encode(expected.clientSecret);
    if (expected.keys === null) throw invalid("the issuer has no keys to verify it with");
    return expected.keys(header, token);
  };
}

/** A token without `kid` where several keys fit: it is valid if one of them made its signature. */
async function verifiedByOneOf(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw translated(error);
    }
  }
  throw invalid("signature verification failed");
}

function checkTimes(claims: JWTPayload, now: number): void {
  if (!Number.isFinite(claims.exp)) throw invalid("exp is not a time");
  if (typeof claims.iat !== "number" || claims.iat > now + toleranceSeconds) throw invalid("iat is in the future");
}

/** OIDC Core 3.1.3.7, 4 and 5; of several audiences ours must be the authorized party (JWT-05). */
function checkAuthorizedParty(claims: JWTPayload, clientId: string): void {
  const azp = claims["azp"];
  if (azp === undefined && (typeof claims.aud === "string" || claims.aud?.length === 1)) return;
  if (azp !== clientId) throw invalid("azp is not this client");
}

function invalid(what: string, cause?: unknown): Failure {
  return new Failure("idp_token_invalid", `id_token: ${what}`, { cause });
}

/** jose's messages name the check and hold no value of the token. */
function translated(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof errors.JOSEError)) return invalid("not readable", error);
  switch (error.code) {
    case "ERR_JWKS_TIMEOUT":
      return new Failure("idp_unreachable", "issuer: its keys did not come in time", { cause: error });
    case "ERR_JWKS_INVALID":
    case "ERR_JOSE_GENERIC": //                    jose: the jwks_uri did not answer 200, or not with JSON
      return new Failure("idp_misconfigured", `issuer: its jwks_uri has no keys: ${error.message}`, { cause: error });
    default:
      return invalid(error.message, error);
  }
}
