import type { OidcClient } from "../core/provider.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

/**
 * Where the browser goes to end the issuer's session, too (OIDC RP-Initiated Logout 1.0 section 2); null when the issuer has no such
 * endpoint. `post_logout_redirect_uri` only when configured, since an unregistered one is refused (decision 33).
 *
 * differs from authentik: client_id is sent, and the endpoint's own query is kept.
 */
export function endSessionUrl(metadata: IssuerMetadata, client: OidcClient, idToken: string): string | null {
  if (metadata.endSessionEndpoint === null) return null;
  const url = new URL(metadata.endSessionEndpoint);
  if (idToken !== "") url.searchParams.set("id_token_hint", idToken);
  url.searchParams.set("client_id", client.clientId);
  if (client.postLogoutRedirectUri !== "") {
    url.searchParams.set("post_logout_redirect_uri", client.postLogoutRedirectUri);
  }
  return url.href;
}
