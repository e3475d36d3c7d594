import { type Configuration, tokenIntrospection } from "openid-client";
import type { Claims } from "../core/identity/claims.ts";
import { clientOf } from "../core/identity/machine-claims.ts";
import type { OidcClient } from "../core/provider.ts";
import { checkKind } from "./bearer-jwt.ts";
import { translated } from "./foreign-errors.ts";
import { invalidToken } from "./verify-token.ts";

/** Which token, and whose it has to be. */
export interface IntrospectionQuestion {
  readonly token: string;
  readonly client: OidcClient;
  readonly now: number; //                         epoch seconds
}

/**
 * What the issuer says of a token (RFC 7662), as the token endpoint knows us. `active` alone lets nobody in: the token must be for this
 * client or have been given to it (M2M-01; CVE-2024-47077), come from this issuer, not be past its `exp`, and be an access token. Throws
 * `Failure` idp_token_invalid naming the check; idp_unreachable, idp_misconfigured, idp_rejected_code as the token endpoint.
 */
export async function introspected(
  configuration: Configuration,
  { token, client, now }: IntrospectionQuestion,
): Promise<Claims> {
  const claims: Claims = await asked(configuration, token);
  if (claims["active"] !== true) throw invalid("the issuer says that it is not active");
  if (!isOurs(claims, client.clientId)) throw invalid("it is neither for this client nor given to it");
  const issuer = claims["iss"] ?? client.issuer;
  if (issuer !== client.issuer) throw invalid("iss is another issuer");
  const end = claims["exp"] ?? null;
  if (end !== null && !(typeof end === "number" && end > now)) throw invalid("it is past its exp");
  const start = claims["nbf"] ?? null;
  if (start !== null && !(typeof start === "number" && start <= now + 60)) throw invalid("nbf is in the future");
  checkKind(claims);
  return claims;
}

async function asked(configuration: Configuration, token: string): Promise<Claims> {
  try {
    return { ...(await tokenIntrospection(configuration, token, { token_type_hint: "access_token" })) };
  } catch (error) {
    throw translated(error, "answer");
  }
}

/** Some issuers tell whom a token is for, some whom it was given to, and some both. */
function isOurs(claims: Claims, clientId: string): boolean {
  const audience = claims["aud"] ?? [];
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return audiences.includes(clientId) || clientOf(claims) === clientId;
}

function invalid(what: string) {
  return invalidToken("access_token", what);
}
