import { buildAuthorizationUrl, type Configuration, calculatePKCECodeChallenge } from "openid-client";
import type { OidcClient } from "../core/provider.ts";
import type { LoginChecks } from "../ports/identity-provider.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

/** How a callback comes back, and what would replace our parameters, is not for `authorize_params` to say. */
const notConfigurable = ["response_mode", "request", "request_uri"];

/** The authorization request (OIDC Core 3.1.2.1, RFC 7636); nothing of the visitor's request is in it (RED-09). */
export async function authorizationRequest(
  configuration: Configuration,
  client: OidcClient,
  advertised: Pick<IssuerMetadata, "scopes" | "prompts">,
  login: LoginChecks & { readonly redirectUri: string; readonly prompt: string | null },
): Promise<string> {
  const configured = Object.entries(client.authorizeParams).filter(([name]) => !notConfigurable.includes(name));
  const url = buildAuthorizationUrl(configuration, {
    ...Object.fromEntries(configured),
    ...(login.prompt === null ? {} : { prompt: supportedPrompt(login.prompt, advertised.prompts) }),
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: login.redirectUri,
    scope: requestedScopes(client.scopes, advertised.scopes).join(" "),
    state: login.state,
    nonce: login.nonce,
    code_challenge: await calculatePKCECodeChallenge(login.codeVerifier),
    code_challenge_method: "S256",
  });
  return url.href;
}

/** An issuer that says it has no such prompt would answer it with an error; `login` every one has to have (OIDC Core 3.1.2.1). */
function supportedPrompt(prompt: string, advertised: readonly string[]): string {
  return advertised.length === 0 || advertised.includes(prompt) ? prompt : "login";
}

/** Only those the issuer advertises, where it advertises any; openid always (spec: [oidc] scopes). */
export function requestedScopes(configured: readonly string[], advertised: readonly string[]): readonly string[] {
  const known = configured.filter((scope) => advertised.length === 0 || advertised.includes(scope));
  return [...new Set(["openid", ...known])];
}
