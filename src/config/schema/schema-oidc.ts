import { z } from "zod";

const issuer = z
  .string()
  .describe("the issuer, exactly as it names itself; https, or http for loopback or with danger_allow_http_issuer");
const dangerAllowHttpIssuer = z
  .boolean()
  .describe("accept an http:// issuer that is not loopback: tokens can be forged in transit");
const clientId = z.string().describe("client id of akproxy at the issuer");
const clientSecret = z.string().describe("client secret; empty: a public client (PKCE)");
const clientSecretFile = z.string().describe("a file that holds the client secret, or credential:NAME");
const scopes = z.array(z.string()).describe("scopes to ask for, of those the issuer advertises; openid always");
const authorizeParams = z
  .record(z.string(), z.string())
  .describe("added to the authorization request: prompt, acr_values, hd, …");
const tokenEndpointAuthMethod = z
  .enum(["", "client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
  .describe("how akproxy proves itself at the token endpoint; empty: as the issuer's metadata says");
const postLogoutRedirectUri = z.string().describe("sent at sign-out when given; register it with the issuer");
const backchannelHost = z
  .string()
  .describe("another HOST or HOST:PORT to reach the issuer's own endpoints at (split DNS)");
const caFile = z.string().describe("PEM file of the authorities that sign the issuer's certificate");

/** `[oidc]`: what every provider has unless it says otherwise. */
export const oidcSection = z
  .strictObject({
    issuer: issuer.default(""),
    danger_allow_http_issuer: dangerAllowHttpIssuer.default(false),
    client_id: clientId.default(""),
    client_secret: clientSecret.default(""),
    client_secret_file: clientSecretFile.default(""),
    scopes: scopes.default(["openid", "profile", "email", "entitlements", "ak_proxy"]),
    authorize_params: authorizeParams.default({}),
    token_endpoint_auth_method: tokenEndpointAuthMethod.default(""),
    post_logout_redirect_uri: postLogoutRedirectUri.default(""),
    backchannel_host: backchannelHost.default(""),
    ca_file: caFile.default(""),
  })
  .prefault({})
  .describe("defaults for every provider; each key may stand in a provider too, where it wins");

/** The same keys in a provider: absent means `[oidc]`'s. */
export const oidcOverrides = {
  issuer: issuer.optional(),
  danger_allow_http_issuer: dangerAllowHttpIssuer.optional(),
  client_id: clientId.optional(),
  client_secret: clientSecret.optional(),
  client_secret_file: clientSecretFile.optional(),
  scopes: scopes.optional(),
  authorize_params: authorizeParams.optional(),
  token_endpoint_auth_method: tokenEndpointAuthMethod.optional(),
  post_logout_redirect_uri: postLogoutRedirectUri.optional(),
  backchannel_host: backchannelHost.optional(),
  ca_file: caFile.optional(),
};
