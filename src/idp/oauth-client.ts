import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretJwt,
  ClientSecretPost,
  clockSkew,
  clockTolerance,
  customFetch,
  None,
} from "oauth4webapi";
import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import type { IssuerContext } from "./issuer-context.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { toleranceSeconds } from "./verify-token.ts";

/** The arguments of every oauth4webapi request. */
export interface OauthClient {
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly authentication: ClientAuth;
  readonly options: { readonly [customFetch]: IssuerFetch; readonly [allowInsecureRequests]: boolean };
}

/** The issuer and this client for oauth4webapi. Throws `Failure` idp_misconfigured for an unusable authentication method. */
export function oauthClient(metadata: IssuerMetadata, { provider: { oidc }, fetch, now }: IssuerContext): OauthClient {
  return {
    server: {
      issuer: metadata.issuer,
      token_endpoint: metadata.tokenEndpoint,
      ...(metadata.userinfoEndpoint === null ? {} : { userinfo_endpoint: metadata.userinfoEndpoint }),
      ...(metadata.introspectionEndpoint === null ? {} : { introspection_endpoint: metadata.introspectionEndpoint }),
      id_token_signing_alg_values_supported: [...metadata.idTokenAlgorithms],
      authorization_response_iss_parameter_supported: metadata.sendsIss,
    },
    client: {
      client_id: oidc.clientId,
      // added to the machine's clock; a getter, so that each check uses the clock that was injected
      get [clockSkew]() {
        return Math.round(now() - Date.now() / 1000);
      },
      [clockTolerance]: toleranceSeconds,
    },
    authentication: clientAuthentication(metadata, oidc),
    options: { [customFetch]: fetch, [allowInsecureRequests]: metadata.issuer.startsWith("http:") },
  };
}

/** The configured method, else the first of ours that the issuer supports (OpenID Connect Discovery 1.0: client_secret_basic by default). */
function clientAuthentication(metadata: IssuerMetadata, client: OidcClient): ClientAuth {
  const ours = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
  const common = ours.find((method) => metadata.tokenAuthMethods.includes(method)) ?? "client_secret_basic";
  const method = client.tokenEndpointAuthMethod || (client.clientSecret === "" ? "none" : common);
  switch (method) {
    case "none":
      return None();
    case "client_secret_basic":
      return ClientSecretBasic(client.clientSecret);
    case "client_secret_post":
      return ClientSecretPost(client.clientSecret);
    case "client_secret_jwt":
      return ClientSecretJwt(client.clientSecret);
    default:
      throw new Failure("idp_misconfigured", `oidc: token_endpoint_auth_method "${method}" is not supported`);
  }
}
