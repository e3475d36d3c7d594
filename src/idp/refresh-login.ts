import { decodeJwt } from "jose";
import { type Configuration, ResponseBodyError, refreshTokenGrant } from "openid-client";
import { Failure } from "../core/failure.ts";
import { type Claims, mergedClaims } from "../core/identity/claims.ts";
import { claimedFields } from "../core/identity/identity-fields.ts";
import type { Identity } from "../core/identity.ts";
import type { Refreshed, RefreshGrant } from "../ports/identity-provider.ts";
import { completed, expectedToken, type FinishLoginDeps, identityOf } from "./finish-login.ts";
import { translated } from "./foreign-errors.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { userinfo } from "./userinfo.ts";
import { verifyRefreshedIdToken } from "./verify-id-token.ts";

/** The answer to a refresh request; the id_token is not verified yet. */
interface RefreshedTokens {
  readonly idToken: string | null;
  readonly accessToken: string;
  readonly accessSeconds: number | null;
}

/** The issuer says that the person is another one than before. */
const anotherSubject = "the issuer names another subject";

/**
 * Asks the issuer who `before` is now, with a refresh token (RFC 6749 6, OIDC Core 12). Never throws. A refused token and another `sub`
 * end the login (OIDC-14); whatever else goes wrong says nothing about the person.
 */
export async function refreshLogin(before: Identity, refreshToken: string, deps: FinishLoginDeps): Promise<Refreshed> {
  let rotated: string | null = null;
  const noting: IssuerFetch = async (url, request) => {
    const response = await deps.fetch(url, request);
    rotated = (await newRefreshToken(response)) ?? rotated;
    return response;
  };
  const grantOf = (accessSeconds: number | null): RefreshGrant => ({ token: rotated ?? refreshToken, accessSeconds });
  try {
    const metadata = await deps.discovery.metadata();
    const tokens = await askedFor(refreshToken, deps.configure(metadata, noting));
    const identity = await identityNow(before, tokens, metadata, deps);
    if (identity === null) return { kind: "ended", reason: anotherSubject };
    return { kind: "fresh", identity, grant: grantOf(tokens.accessSeconds) };
  } catch (error) {
    if (isRefused(error)) return { kind: "ended", reason: "the issuer refuses the refresh token" };
    return { kind: "unknown", failure: translated(error, "answer"), grant: rotated === null ? null : grantOf(null) };
  }
}

async function askedFor(refreshToken: string, configuration: Configuration): Promise<RefreshedTokens> {
  const tokens = await refreshTokenGrant(configuration, refreshToken);
  return {
    idToken: tokens.id_token ?? null,
    accessToken: tokens.access_token,
    accessSeconds: tokens.expires_in ?? null,
  };
}

/** An issuer that rotates has used the old one up, whatever we then think of the rest of its answer. */
async function newRefreshToken(response: Response): Promise<string | null> {
  if (response.status !== 200) return null;
  try {
    const answer: unknown = await response.clone().json();
    if (typeof answer !== "object" || answer === null || !("refresh_token" in answer)) return null;
    return typeof answer.refresh_token === "string" && answer.refresh_token !== "" ? answer.refresh_token : null;
  } catch {
    return null; // no JSON: openid-client says so
  }
}

/** RFC 6749 5.2. A 5xx with this word has become idp_unreachable before. */
function isRefused(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof ResponseBodyError) return one.error === "invalid_grant";
  }
  return false;
}

/** null: it is somebody else. */
async function identityNow(
  before: Identity,
  tokens: RefreshedTokens,
  metadata: IssuerMetadata,
  deps: FinishLoginDeps,
): Promise<Identity | null> {
  if (tokens.idToken === null) return identityOfUserinfo(before, tokens.accessToken, metadata, deps);
  const nonce = nonceOf(before.rawToken);
  const claims = await verifyRefreshedIdToken(tokens.idToken, expectedToken(metadata, deps), nonce);
  if (claims["sub"] !== before.subject) return null;
  const identity = identityOf(await completed(claims, tokens.accessToken, metadata, deps), tokens.idToken, deps);
  return { ...identity, idpSession: identity.idpSession ?? before.idpSession };
}

/** Of a token that was verified when it came; a refreshed one may have none. */
function nonceOf(idToken: string): string | null {
  const { nonce } = decodeJwt<Claims>(idToken);
  return typeof nonce === "string" ? nonce : null;
}

/**
 * An issuer need not give an id_token (OIDC Core 12.2): then userinfo says who it is now. What names the person stays where userinfo
 * does not tell it; groups and entitlements that it does not tell are none, since they may have been taken away (decision 22).
 */
async function identityOfUserinfo(
  before: Identity,
  accessToken: string,
  metadata: IssuerMetadata,
  deps: FinishLoginDeps,
): Promise<Identity | null> {
  if (metadata.userinfoEndpoint === null) {
    throw new Failure(
      "idp_misconfigured",
      "issuer: it answers a refresh without id_token and has no userinfo endpoint",
    );
  }
  const claims = await userinfoOf(before.subject, accessToken, metadata, deps);
  if (claims === null) return null;
  if (claims["sub"] === undefined) {
    throw new Failure("idp_misconfigured", "issuer: it answers a refresh without id_token, and userinfo tells nothing");
  }
  // what userinfo does not tell must not fail a template that was filled in at login
  const now = identityOf(claims, before.rawToken, deps, mergedClaims(claims, decodeJwt<Claims>(before.rawToken)));
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

/** null: it speaks of somebody else. */
async function userinfoOf(
  subject: string,
  accessToken: string,
  metadata: IssuerMetadata,
  deps: FinishLoginDeps,
): Promise<Claims | null> {
  try {
    return await userinfo(deps.configure(metadata, deps.fetch), accessToken, subject, deps.log);
  } catch (error) {
    if (error instanceof Failure && error.code === "idp_token_invalid") return null;
    throw error;
  }
}
