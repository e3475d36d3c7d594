import { authorizationCodeGrant, type Configuration } from "openid-client";
import { Failure } from "../core/failure.ts";
import type { LoginChecks, RefreshGrant } from "../ports/identity-provider.ts";
import { translated } from "./foreign-errors.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";

/** The tokens of a login; the id_token is not verified yet. */
export interface IssuedTokens {
  readonly idToken: string;
  readonly accessToken: string;
  readonly grant: RefreshGrant | null;
}

/**
 * Checks the callback's state, iss (RFC 9207) and error, then redeems its code with our verifier. Throws `Failure`
 * idp_rejected_code, login_denied, idp_misconfigured, idp_token_invalid or idp_unreachable.
 */
export async function redeemCode(
  callback: URL,
  expected: LoginChecks,
  deps: { readonly fetch: IssuerFetch; configuration(fetch: IssuerFetch): Configuration },
): Promise<IssuedTokens> {
  let asked = false;
  const configuration = deps.configuration((url, request) => {
    asked = true;
    return deps.fetch(url, { ...request, body: withRedirectUri(request.body, redirectUriOf(callback)) });
  });
  try {
    const tokens = await authorizationCodeGrant(configuration, callback, {
      expectedState: expected.state,
      expectedNonce: expected.nonce,
      pkceCodeVerifier: expected.codeVerifier,
      idTokenExpected: true,
    });
    if (tokens.id_token === undefined) throw new Failure("idp_token_invalid", "id_token: there is none");
    const { refresh_token: token = "", expires_in: accessSeconds = null } = tokens;
    return {
      idToken: tokens.id_token,
      accessToken: tokens.access_token,
      grant: token === "" ? null : { token, accessSeconds },
    };
  } catch (error) {
    throw translated(error, asked ? "answer" : "callback");
  }
}

/**
 * The redirect URI as the authorization request had it. Issuers add parameters of their own (`session_state`, `scope`, `authuser`),
 * so only what authentik's redirect URIs carry is kept of the query.
 */
function redirectUriOf(callback: URL): string {
  const flag = callback.searchParams.get("X-authentik-auth-callback");
  return `${callback.origin}${callback.pathname}${flag === null ? "" : `?X-authentik-auth-callback=${flag}`}`;
}

/** openid-client drops the redirect URI's whole query, and an issuer compares it byte for byte (RFC 6749 4.1.3). */
function withRedirectUri(body: URLSearchParams | null | undefined, redirectUri: string): URLSearchParams | null {
  if (!body) return null;
  const parameters = new URLSearchParams(body);
  parameters.set("redirect_uri", redirectUri);
  return parameters;
}
