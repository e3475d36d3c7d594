import { decodeJwt } from "jose";
import {
  processRefreshTokenResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { Failure } from "../core/failure.ts";
import { type Claims, mergedClaims } from "../core/identity/claims.ts";
import { claimedFields } from "../core/identity/identity-fields.ts";
import type { Identity } from "../core/identity.ts";
import type { Refreshed, RefreshGrant } from "../ports/identity-provider.ts";
import { identityOf } from "./finish-login.ts";
import { tokenEndpoint } from "./issuer-client.ts";
import { expectedToken, type IssuerContext } from "./issuer-context.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { answerFailure } from "./oauth-errors.ts";
import { completed, userinfo } from "./userinfo.ts";
import { verifyRefreshedIdToken } from "./verify-id-token.ts";

const anotherSubject = "the issuer names another subject";

/**
 * Asks the issuer for the current claims of `before`, with a refresh token (RFC 6749 6, OIDC Core 12). Never throws. A refused token
 * or another `sub` ends the login (OIDC-14). Any other error says nothing about the user.
 */
export async function refreshLogin(before: Identity, refreshToken: string, context: IssuerContext): Promise<Refreshed> {
  let rotated: string | null = null;
  const grantOf = (accessSeconds: number | null): RefreshGrant => ({ token: rotated ?? refreshToken, accessSeconds });
  try {
    const metadata = await context.discovery.metadata();
    const { server, client, authentication, options } = tokenEndpoint(metadata, context);
    const response = await refreshTokenGrantRequest(server, client, authentication, refreshToken, options);
    rotated = await newRefreshToken(response.clone());
    const tokens = await processRefreshTokenResponse(server, client, response);
    const identity = await identityNow(before, tokens, metadata, context);
    if (identity === null) return { kind: "ended", reason: anotherSubject };
    return { kind: "fresh", identity, grant: grantOf(tokens.expires_in ?? null) };
  } catch (error) {
    // RFC 6749 5.2; an answer of 5xx with this error code is idp_unreachable
    if (error instanceof ResponseBodyError && error.error === "invalid_grant") {
      return { kind: "ended", reason: "the issuer refuses the refresh token" };
    }
    return { kind: "unknown", failure: answerFailure(error), grant: rotated === null ? null : grantOf(null) };
  }
}

/** Read before the rest of the answer is checked: an issuer that rotates refresh tokens accepts the old one no more. */
async function newRefreshToken(response: Response): Promise<string | null> {
  if (response.status !== 200) return null;
  try {
    const answer: unknown = await response.json();
    if (typeof answer !== "object" || answer === null || !("refresh_token" in answer)) return null;
    return typeof answer.refresh_token === "string" && answer.refresh_token !== "" ? answer.refresh_token : null;
  } catch {
    return null; // not JSON: reported by processRefreshTokenResponse
  }
}

/** null: the tokens are another user's. */
async function identityNow(
  before: Identity,
  tokens: TokenEndpointResponse,
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Identity | null> {
  const { id_token: idToken, access_token: accessToken } = tokens;
  if (idToken === undefined) return identityOfUserinfo(before, accessToken, metadata, context);
  const nonce = nonceOf(before.rawToken);
  const claims = await verifyRefreshedIdToken(idToken, expectedToken(metadata, context), nonce);
  if (claims["sub"] !== before.subject) return null;
  const identity = identityOf(await completed(claims, accessToken, metadata, context), idToken, context);
  return { ...identity, idpSession: identity.idpSession ?? before.idpSession };
}

/** The nonce of a token that was verified when it arrived; null: it has none, as a refreshed token may. */
function nonceOf(idToken: string): string | null {
  const { nonce } = decodeJwt<Claims>(idToken);
  return typeof nonce === "string" ? nonce : null;
}

/**
 * For an answer without id_token, which OIDC Core 12.2 allows: the current claims are those of userinfo. Names that userinfo does not
 * return stay. Groups and entitlements that it does not return become empty: they may have been revoked (decision 22).
 */
async function identityOfUserinfo(
  before: Identity,
  accessToken: string,
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Identity | null> {
  if (metadata.userinfoEndpoint === null) {
    throw new Failure(
      "idp_misconfigured",
      "issuer: its answer to a refresh has no id_token, and it has no userinfo endpoint",
    );
  }
  const claims = await userinfoOf(before.subject, accessToken, metadata, context);
  if (claims === null) return null;
  if (claims["sub"] === undefined) {
    throw new Failure(
      "idp_misconfigured",
      "issuer: its answer to a refresh has no id_token, and userinfo has no claims",
    );
  }
  // a claim that userinfo lacks must not break a template that was filled in at login
  const now = identityOf(claims, before.rawToken, context, mergedClaims(claims, decodeJwt<Claims>(before.rawToken)));
  const email = now.email || before.email;
  return {
    ...now,
    ...claimedFields(
      (key) => now[key] || before[key],
      (key) => now[key],
    ),
    emailVerified: now.emailVerified ?? (email === before.email ? before.emailVerified : null),
    idpSession: before.idpSession,
    proxy: claims["ak_proxy"] === undefined ? before.proxy : now.proxy,
  };
}

/** null: userinfo describes another user. */
async function userinfoOf(
  subject: string,
  accessToken: string,
  metadata: IssuerMetadata,
  context: IssuerContext,
): Promise<Claims | null> {
  try {
    return await userinfo(subject, accessToken, metadata, context);
  } catch (error) {
    if (error instanceof Failure && error.code === "idp_token_invalid") return null;
    throw error;
  }
}
