import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { requestedScopes } from "./issuer-urls.ts";

/** The tokens that an issuer gave for a user name and a password; not verified yet. */
export interface GrantedTokens {
  readonly idToken: string | null;
  readonly accessToken: string;
}

/**
 * Requests a token with a user name and a password (outpost behaviour 10: client_credentials with both). The client secret is never sent:
 * an issuer that ignores `username` and `password` would then give a token for any password (authentik: the same). Throws `Failure`
 * idp_token_invalid when the issuer refuses, idp_unreachable without an answer or with 429, idp_misconfigured for an answer without a token.
 */
export async function grantedTo(
  { username, password }: { readonly username: string; readonly password: string },
  client: OidcClient,
  metadata: IssuerMetadata,
  fetch: IssuerFetch,
): Promise<GrantedTokens> {
  const response = await fetch(metadata.tokenEndpoint, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: client.clientId,
      username,
      password,
      scope: requestedScopes(client.scopes, metadata.scopes).join(" "),
    }),
  });
  if (response.status === 429)
    throw new Failure("idp_unreachable", "issuer: its token endpoint answered 429, too many requests");
  if (response.status !== 200) {
    throw new Failure("idp_token_invalid", `basic: the issuer's token endpoint answered ${response.status}`);
  }
  const answer = await membersOf(response);
  const [idToken, accessToken] = [answer.get("id_token"), answer.get("access_token")];
  const granted = {
    idToken: typeof idToken === "string" && idToken !== "" ? idToken : null,
    accessToken: typeof accessToken === "string" ? accessToken : "",
  };
  if (granted.idToken === null && granted.accessToken === "") throw noToken();
  return granted;
}

async function membersOf(response: Response): Promise<ReadonlyMap<string, unknown>> {
  try {
    const answer: unknown = await response.json();
    if (typeof answer === "object" && answer !== null) return new Map(Object.entries(answer));
  } catch (cause) {
    throw noToken(cause);
  }
  throw noToken();
}

function noToken(cause?: unknown): Failure {
  return new Failure("idp_misconfigured", "issuer: its token endpoint answered 200 without a token", { cause });
}
