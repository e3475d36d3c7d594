import { fetchUserInfo } from "openid-client";
import { Failure } from "../core/failure.ts";
import { type Claims, mergedClaims, missingClaims } from "../core/identity/claims.ts";
import { claimsRead } from "../core/identity/login-identity.ts";
import { issuerClient } from "./issuer-client.ts";
import type { IssuerContext } from "./issuer-context.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { answerFailure, rejectedBody } from "./oauth-errors.ts";

/**
 * The claims of the userinfo endpoint (OIDC Core 5.3). An error answer counts as an answer without claims, and is logged. Throws
 * `Failure` idp_token_invalid when the answer is about another subject, idp_unreachable when there is no answer.
 */
export async function userinfo(
  subject: string,
  accessToken: string,
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Claims> {
  try {
    return await fetchUserInfo(issuerClient(metadata, context), accessToken, subject);
  } catch (error) {
    const failure = answerFailure(error);
    if (failure.code === "idp_unreachable") throw failure;
    // `sub` is the only member that is checked
    if (isJsonObject(rejectedBody(error))) {
      throw new Failure("idp_token_invalid", "userinfo: sub is not the id_token's", { cause: error });
    }
    context.log.warn("userinfo failed", { code: failure.code, error: failure.message });
    return {};
  }
}

/** The claims of a token, with missing ones added from userinfo, which is asked only then (decision 4). Throws `Failure` as `userinfo`. */
export async function completed(
  claims: Claims,
  accessToken: string,
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Claims> {
  const isComplete = missingClaims(claims, claimsRead(context.provider)).length === 0;
  if (isComplete || metadata.userinfoEndpoint === null) return claims;
  return mergedClaims(claims, await userinfo(String(claims["sub"]), accessToken, metadata, context));
}

function isJsonObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
