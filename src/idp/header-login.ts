import { Failure } from "../core/failure.ts";
import { type HeaderCredential, tokenUsername } from "../core/http/header-credential.ts";
import type { Claims } from "../core/identity/claims.ts";
import { identityAtLogin, isMachine, machineClaims } from "../core/identity/login-identity.ts";
import type { Authenticated } from "../ports/identity-provider.ts";
import { verifyAccessToken } from "./bearer-jwt.ts";
import { grantedTo } from "./client-credentials.ts";
import { introspected } from "./introspection.ts";
import { expectedToken, type IssuerContext } from "./issuer-context.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { completed } from "./userinfo.ts";
import { verifyRefreshedIdToken } from "./verify-id-token.ts";

/**
 * Asks the issuer whose credential this is (outpost behaviour 10; decisions 4 and 39). A bearer token is introspected if the issuer
 * supports it, else verified as a JWT. A user name and a password are exchanged for a token of the user. Throws `Failure` idp_unreachable
 * or idp_misconfigured, which say nothing about the credential.
 */
export async function headerLogin(credential: HeaderCredential, context: IssuerContext): Promise<Authenticated> {
  try {
    const metadata = await context.discovery.metadata();
    const token = bearerTokenOf(credential);
    if (token !== null) return await bearerLogin(token, metadata, context);
    return credential.kind === "basic" ? await basicLogin(credential, metadata, context) : refused("no token");
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "idp_unreachable" || error.code === "idp_misconfigured") {
      throw error;
    }
    return refused(error.message);
  }
}

/** authentik: with one reserved user name the password is a token. It is never tried as a password. */
function bearerTokenOf(credential: HeaderCredential): string | null {
  if (credential.kind === "bearer") return credential.token;
  return credential.username === tokenUsername ? credential.password : null;
}

async function bearerLogin(token: string, metadata: IssuerMetadata, context: IssuerContext): Promise<Authenticated> {
  const claims = await bearerClaims(token, metadata, context);
  return known(isUsers(claims) ? await completed(claims, token, metadata, context) : claims, "", context);
}

/** A public client cannot authenticate at an introspection endpoint (RFC 7662 2.1). */
function bearerClaims(token: string, metadata: IssuerMetadata, context: IssuerContext): Promise<Claims> {
  if (metadata.introspectionEndpoint === null || context.provider.oidc.clientSecret === "") {
    return verifyAccessToken(token, expectedToken(metadata, context));
  }
  return introspected(token, metadata, context);
}

/** Whether userinfo can have more claims: it describes users, and needs the scope openid (OIDC Core 5.3). */
function isUsers(claims: Claims): boolean {
  const scope = claims["scope"];
  return !isMachine(claims) && (typeof scope !== "string" || scope.split(" ").includes("openid"));
}

async function basicLogin(
  credential: { readonly username: string; readonly password: string },
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Authenticated> {
  const expected = expectedToken(metadata, context);
  const { idToken, accessToken } = await grantedTo(credential, context.provider.oidc, metadata, context.fetch);
  const claims =
    idToken === null
      ? await verifyAccessToken(accessToken, expected)
      : await verifyRefreshedIdToken(idToken, expected, null);
  // a token of the client itself: the issuer has checked neither user name nor password
  if (isMachine(claims) || claims["sub"] === expected.clientId)
    return refused("basic: the token belongs to the client, not to a user");
  return known(await completed(claims, accessToken, metadata, context), idToken ?? "", context);
}

/**
 * differs from authentik: a bearer token does not become the identity's raw token, because X-authentik-jwt would pass it to the
 * application (decision 16; M2M-08). An id_token that the issuer gave for a password does.
 */
function known(claims: Claims, rawToken: string, context: IssuerContext): Authenticated {
  const { name, claims: paths } = context.provider;
  const outcome = identityAtLogin(machineClaims(claims, paths), context.provider, rawToken);
  if (outcome.kind === "refused") return refused(`token: ${outcome.reason}`);
  for (const warning of outcome.warnings) context.log.warn("claim left out", { provider: name, warning });
  const end = claims["exp"];
  return { kind: "known", identity: outcome.identity, expiresAt: typeof end === "number" ? end : null };
}

function refused(reason: string): Authenticated {
  return { kind: "refused", reason };
}
