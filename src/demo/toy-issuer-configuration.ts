import type { IssuerContext, PromptPolicy, Provider } from "oidc-provider";
import { issuerErrorPage, logoutPage, signedOutPage } from "./toy-issuer-pages.ts";
import { claimsByScope, type ToyClaims, type ToyUsers } from "./toy-issuer-users.ts";

/** A client of the toy issuer. `metadata` is added to its registration (RFC 7591 names). */
export interface ToyClient {
  readonly clientId: string;
  readonly clientSecret: string; //                "": a public client
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const hour = 3600;

/** oidc-provider's configuration: every flow that akproxy uses, claims in the id_token, consent without a question. */
export function toyConfiguration(facts: {
  readonly clients: readonly ToyClient[];
  readonly users: ToyUsers;
  readonly extraClaims: readonly string[];
  readonly jwks: unknown;
  readonly policy: PromptPolicy;
  claimsOf(subject: string): ToyClaims | undefined;
  provider(): Provider;
}): Readonly<Record<string, unknown>> {
  return {
    clients: facts.clients.map(registration),
    jwks: facts.jwks,
    claims: claimsByScope(facts.users, facts.extraClaims),
    scopes: ["openid", "offline_access", "profile", "email", "entitlements", "ak_proxy"],
    conformIdTokenClaims: false, // the id_token has the claims, as authentik's has
    features: features(),
    findAccount: (_context: unknown, subject: string) => account(facts.claimsOf, subject),
    extraTokenClaims: (_context: unknown, token: { readonly accountId?: string }) =>
      token.accountId === undefined ? undefined : facts.claimsOf(token.accountId), // introspection has them, as authentik's has
    issueRefreshToken: (_context: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed("refresh_token"),
    loadExistingGrant: (context: IssuerContext) => grantEverything(facts.provider(), context),
    interactions: {
      policy: facts.policy,
      url: (_context: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}`,
    },
    ttl: {
      AccessToken: hour,
      ClientCredentials: hour,
      IdToken: hour,
      Interaction: hour,
      Grant: 24 * hour,
      RefreshToken: 24 * hour,
      Session: 24 * hour,
    },
    renderError: (context: IssuerContext, out: { readonly error: string; readonly error_description?: string }) => {
      show(context, issuerErrorPage(out.error, out.error_description ?? "the request was refused"));
    },
  };
}

function registration(client: ToyClient): Readonly<Record<string, unknown>> {
  const secret =
    client.clientSecret === "" ? { token_endpoint_auth_method: "none" } : { client_secret: client.clientSecret };
  const machine = client.clientSecret === "" ? [] : ["client_credentials"];
  return {
    client_id: client.clientId,
    ...secret,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris ?? [],
    grant_types: ["authorization_code", "refresh_token", ...machine],
    response_types: ["code"],
    ...client.metadata,
  };
}

function features(): Readonly<Record<string, unknown>> {
  return {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context: unknown, resource: string) => ({
        scope: "",
        audience: resource,
        accessTokenFormat: "jwt",
      }),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context: IssuerContext, form: string) => {
        const client = context.oidc.client;
        show(
          context,
          logoutPage({ form, client: client === undefined ? null : (client.clientName ?? client.clientId) }),
        );
      },
      postLogoutSuccessSource: (context: IssuerContext) => show(context, signedOutPage()),
    },
  };
}

function account(claimsOf: (subject: string) => ToyClaims | undefined, subject: string) {
  if (claimsOf(subject) === undefined) return undefined;
  return { accountId: subject, claims: () => ({ ...claimsOf(subject), sub: subject }) };
}

async function grantEverything(provider: Provider, context: IssuerContext) {
  const { client, session, result, params } = context.oidc;
  if (client === undefined || session.accountId === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = found ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope ?? "openid");
  await grant.save();
  return grant;
}

function show(context: IssuerContext, html: string): void {
  context.type = "html";
  context.body = html;
}
