import {
  authorizationCodeGrantRequest,
  processAuthorizationCodeResponse,
  type TokenEndpointResponse,
  validateAuthResponse,
} from "oauth4webapi";
import { Failure } from "../core/failure.ts";
import type { Claims } from "../core/identity/claims.ts";
import { identityAtLogin } from "../core/identity/login-identity.ts";
import type { Identity } from "../core/identity.ts";
import type { LoginChecks, SignedIn } from "../ports/identity-provider.ts";
import { type TokenEndpoint, tokenEndpoint } from "./issuer-client.ts";
import { expectedToken, type IssuerContext } from "./issuer-context.ts";
import { answerFailure, callbackFailure } from "./oauth-errors.ts";
import { completed } from "./userinfo.ts";
import { verifyIdToken } from "./verify-id-token.ts";

/**
 * From the callback to an identity: checks the callback, redeems the code, verifies the id_token, asks userinfo when a mapped claim
 * is missing, and reads the claims. Throws `Failure` idp_unreachable, idp_misconfigured, idp_rejected_code, idp_token_invalid, login_denied.
 */
export async function finishLogin(callback: URL, expected: LoginChecks, context: IssuerContext): Promise<SignedIn> {
  const metadata = await context.discovery.metadata();
  const ours = expectedToken(metadata, context);
  const tokens = await redeemed(callback, expected, tokenEndpoint(metadata, context));
  const {
    access_token: accessToken,
    id_token: idToken,
    refresh_token: token,
    expires_in: accessSeconds = null,
  } = tokens;
  if (idToken === undefined) throw new Failure("idp_token_invalid", "id_token: missing in the issuer's answer");
  const claims = await verifyIdToken(idToken, { ...ours, nonce: expected.nonce });
  const identity = identityOf(await completed(claims, accessToken, metadata, context), idToken, context);
  return { identity, grant: token === undefined ? null : { token, accessSeconds } };
}

/** Who the claims describe; claims that had to be dropped are logged. Throws `Failure` idp_token_invalid. */
export function identityOf(
  claims: Claims,
  idToken: string,
  { provider, log }: IssuerContext,
  fillingClaims: Claims = claims, //               see identityAtLogin
): Identity {
  const outcome = identityAtLogin(claims, provider, idToken, fillingClaims);
  if (outcome.kind === "refused")
    throw new Failure("idp_token_invalid", `provider "${provider.name}": id_token: ${outcome.reason}`);
  for (const warning of outcome.warnings) log.warn("claim left out", { provider: provider.name, warning });
  return outcome.identity;
}

/** The tokens for the callback's code. The id_token's signature is not verified yet. */
async function redeemed(callback: URL, expected: LoginChecks, party: TokenEndpoint): Promise<TokenEndpointResponse> {
  const response = await answerToCode(callback, expected, party);
  const checks = { expectedNonce: expected.nonce, requireIdToken: true };
  try {
    return await processAuthorizationCodeResponse(party.server, party.client, response, checks);
  } catch (error) {
    throw answerFailure(error);
  }
}

/** Checks the callback's state, iss (RFC 9207) and error, then sends its code with our verifier. */
async function answerToCode(callback: URL, expected: LoginChecks, party: TokenEndpoint): Promise<Response> {
  const { server, client, authentication, options } = party;
  try {
    const checked = validateAuthResponse(server, client, callback, expected.state);
    const redirectUri = redirectUriOf(callback);
    const { codeVerifier } = expected;
    return await authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      checked,
      redirectUri,
      codeVerifier,
      options,
    );
  } catch (error) {
    throw callbackFailure(error);
  }
}

/**
 * The redirect URI as it was in the authorization request: the issuer compares it byte for byte (RFC 6749 4.1.3). Issuers add
 * parameters of their own to the callback (`session_state`, `scope`, `authuser`), so only the query of authentik's redirect URIs is kept.
 */
function redirectUriOf(callback: URL): string {
  const flag = callback.searchParams.get("X-authentik-auth-callback");
  return `${callback.origin}${callback.pathname}${flag === null ? "" : `?X-authentik-auth-callback=${flag}`}`;
}
