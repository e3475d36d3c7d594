import { type AuthorizationServer, type Client, allowInsecureRequests as insecure } from "oauth4webapi";
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretJwt,
  ClientSecretPost,
  Configuration,
  clockSkew,
  clockTolerance,
  customFetch,
  None,
} from "openid-client";
import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import type { IssuerContext } from "./issuer-context.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { toleranceSeconds } from "./verify-token.ts";

/** The issuer and this client for openid-client, to build URLs with. It sends no request. */
export function addressedIssuer(metadata: IssuerMetadata, { clientId }: OidcClient): Configuration {
  return configured(new Configuration(serverOf(metadata), clientId, undefined, None()), metadata);
}

/** The issuer and this client for openid-client. Throws `Failure` idp_misconfigured for an unusable authentication method. */
export function issuerClient(metadata: IssuerMetadata, { provider: { oidc }, fetch }: IssuerContext): Configuration {
  const authentication = clientAuthentication(metadata, oidc);
  const client = configured(new Configuration(serverOf(metadata), oidc.clientId, undefined, authentication), metadata);
  // OAuth 2.0 sends nothing but forms
  client[customFetch] = (url, { body, ...request }) =>
    fetch(url, { ...request, body: body instanceof URLSearchParams ? body : null });
  client.timeout = undefined; // the fetch has its own
  return client;
}

function configured(client: Configuration, { issuer }: IssuerMetadata): Configuration {
  if (issuer.startsWith("http:")) allowInsecureRequests(client);
  return client;
}

/**
 * The arguments of the grants that need what openid-client does not offer: the code grant sends the redirect URI with its query, and a
 * refresh reads the answer before it is checked. They call oauth4webapi, the library beneath openid-client.
 */
export interface TokenEndpoint {
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly authentication: ClientAuth;
  readonly options: { readonly [customFetch]: IssuerFetch; readonly [insecure]: boolean };
}

/** The token endpoint for oauth4webapi. Throws `Failure` idp_misconfigured for an unusable authentication method. */
export function tokenEndpoint(
  metadata: IssuerMetadata,
  { provider: { oidc }, fetch, now }: IssuerContext,
): TokenEndpoint {
  return {
    server: serverOf(metadata),
    client: {
      client_id: oidc.clientId,
      // added to the machine's clock; a getter, so that each check uses the clock that was injected
      get [clockSkew]() {
        return Math.round(now() - Date.now() / 1000);
      },
      [clockTolerance]: toleranceSeconds,
    },
    authentication: clientAuthentication(metadata, oidc),
    options: { [customFetch]: fetch, [insecure]: metadata.issuer.startsWith("http:") },
  };
}

function serverOf(metadata: IssuerMetadata): AuthorizationServer {
  return {
    issuer: metadata.issuer,
    authorization_endpoint: metadata.authorizationEndpoint,
    token_endpoint: metadata.tokenEndpoint,
    ...(metadata.userinfoEndpoint === null ? {} : { userinfo_endpoint: metadata.userinfoEndpoint }),
    ...(metadata.introspectionEndpoint === null ? {} : { introspection_endpoint: metadata.introspectionEndpoint }),
    ...(metadata.endSessionEndpoint === null ? {} : { end_session_endpoint: metadata.endSessionEndpoint }),
    id_token_signing_alg_values_supported: [...metadata.idTokenAlgorithms],
    authorization_response_iss_parameter_supported: metadata.sendsIss,
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
