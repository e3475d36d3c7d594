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
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

const toleranceSeconds = 60;

/** openid-client's view of the issuer and of us, at `now`. Throws `Failure` idp_misconfigured for an unusable authentication method. */
export function openidConfiguration(
  metadata: IssuerMetadata,
  client: OidcClient,
  deps: { readonly fetch: IssuerFetch; readonly now: number },
): Configuration {
  const configuration = new Configuration(
    {
      issuer: metadata.issuer,
      authorization_endpoint: metadata.authorizationEndpoint,
      token_endpoint: metadata.tokenEndpoint,
      ...(metadata.userinfoEndpoint === null ? {} : { userinfo_endpoint: metadata.userinfoEndpoint }),
      ...(metadata.introspectionEndpoint === null ? {} : { introspection_endpoint: metadata.introspectionEndpoint }),
      id_token_signing_alg_values_supported: [...metadata.idTokenAlgorithms],
      authorization_response_iss_parameter_supported: metadata.sendsIss,
    },
    client.clientId,
    // openid-client reads the machine's clock; the difference makes it use ours.
    { [clockSkew]: Math.round(deps.now - Date.now() / 1000), [clockTolerance]: toleranceSeconds },
    clientAuthentication(metadata, client),
  );
  if (metadata.issuer.startsWith("http:")) allowInsecureRequests(configuration);
  configuration[customFetch] = (url, { method, headers, body }) =>
    deps.fetch(url, { method, headers, body: body instanceof URLSearchParams ? body : null }); // OAuth posts nothing but forms
  configuration.timeout = undefined; // the fetch has its own
  return configuration;
}

/** The configured method, else the first of ours that the issuer takes (OpenID Connect Discovery 1.0: client_secret_basic by default). */
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
