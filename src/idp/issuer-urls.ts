import { buildAuthorizationUrl, buildEndSessionUrl, calculatePKCECodeChallenge } from "openid-client";
import type { OidcClient } from "../core/provider.ts";
import type { LoginChecks } from "../ports/identity-provider.ts";
import { addressedIssuer } from "./issuer-client.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

/** `authorize_params` cannot set these: they change how the callback arrives or replace our parameters. */
const notConfigurable = ["response_mode", "request", "request_uri"];

/** The authorization request (OIDC Core 3.1.2.1, RFC 7636). It contains nothing of the visitor's request (RED-09). */
export async function authorizationUrl(
  metadata: IssuerMetadata,
  client: OidcClient,
  login: LoginChecks & { readonly redirectUri: string; readonly prompt: string | null },
): Promise<string> {
  const configured = Object.entries(client.authorizeParams).filter(([name]) => !notConfigurable.includes(name));
  const parameters = {
    ...Object.fromEntries(configured),
    ...(login.prompt === null ? {} : { prompt: supportedPrompt(login.prompt, metadata.prompts) }),
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: login.redirectUri,
    scope: requestedScopes(client.scopes, metadata.scopes).join(" "),
    state: login.state,
    nonce: login.nonce,
    code_challenge: await calculatePKCECodeChallenge(login.codeVerifier),
    code_challenge_method: "S256",
  };
  return buildAuthorizationUrl(addressedIssuer(metadata, client), parameters).href;
}

/** An issuer rejects a prompt that it does not support; it must support `login` (OIDC Core 3.1.2.1). */
function supportedPrompt(prompt: string, advertised: readonly string[]): string {
  return advertised.length === 0 || advertised.includes(prompt) ? prompt : "login";
}

/** Only the scopes that the issuer advertises, if it advertises any; always openid (spec: [oidc] scopes). */
export function requestedScopes(configured: readonly string[], advertised: readonly string[]): readonly string[] {
  const known = configured.filter((scope) => advertised.length === 0 || advertised.includes(scope));
  return [...new Set(["openid", ...known])];
}

/**
 * The URL that ends the session at the issuer too (OIDC RP-Initiated Logout 1.0 section 2); null when the issuer has no such endpoint.
 * `post_logout_redirect_uri` is sent only when configured: an issuer rejects one that is not registered (decision 33).
 *
 * differs from authentik: client_id is sent, and the endpoint's own query is kept.
 */
export function endSessionUrl(metadata: IssuerMetadata, client: OidcClient, idToken: string): string | null {
  if (metadata.endSessionEndpoint === null) return null;
  const parameters = {
    ...(idToken === "" ? {} : { id_token_hint: idToken }),
    client_id: client.clientId,
    ...(client.postLogoutRedirectUri === "" ? {} : { post_logout_redirect_uri: client.postLogoutRedirectUri }),
  };
  return buildEndSessionUrl(addressedIssuer(metadata, client), parameters).href;
}
