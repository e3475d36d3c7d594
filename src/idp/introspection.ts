import { tokenIntrospection } from "openid-client";
import type { Claims } from "../core/identity/claims.ts";
import { clientOf } from "../core/identity/login-identity.ts";
import { checkKind } from "./bearer-jwt.ts";
import { issuerClient } from "./issuer-client.ts";
import type { IssuerContext } from "./issuer-context.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { answerFailure } from "./oauth-errors.ts";
import { invalidToken } from "./verify-token.ts";

/**
 * The claims of a token from introspection (RFC 7662), with the client authentication of the token endpoint. `active` alone is not enough:
 * the token must be for this client or have been issued to it (M2M-01; CVE-2024-47077), come from this issuer, be before its `exp`, and be
 * an access token. Throws `Failure` idp_token_invalid naming the check; idp_unreachable, idp_misconfigured, idp_rejected_code as the token endpoint.
 */
export async function introspected(token: string, metadata: IssuerMetadata, context: IssuerContext): Promise<Claims> {
  const client = context.provider.oidc;
  const now = context.now();
  const claims = await introspectionAnswer(token, metadata, context);
  if (claims["active"] !== true) throw invalid("the issuer says that it is not active");
  if (!isOurs(claims, client.clientId)) throw invalid("neither aud nor client_id is this client");
  const issuer = claims["iss"] ?? client.issuer;
  if (issuer !== client.issuer) throw invalid("iss is another issuer");
  const end = claims["exp"] ?? null;
  if (end !== null && !(typeof end === "number" && end > now)) throw invalid("exp is in the past");
  const start = claims["nbf"] ?? null;
  if (start !== null && !(typeof start === "number" && start <= now + 60)) throw invalid("nbf is in the future");
  checkKind(claims);
  return claims;
}

async function introspectionAnswer(token: string, metadata: IssuerMetadata, context: IssuerContext): Promise<Claims> {
  try {
    return {
      ...(await tokenIntrospection(issuerClient(metadata, context), token, { token_type_hint: "access_token" })),
    };
  } catch (error) {
    throw answerFailure(error);
  }
}

/** Some issuers name the audience of a token, some the client it was issued to, some both. */
function isOurs(claims: Claims, clientId: string): boolean {
  const audience = claims["aud"] ?? [];
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return audiences.includes(clientId) || clientOf(claims) === clientId;
}

function invalid(what: string) {
  return invalidToken("access_token", what);
}
