import type { Configuration } from "openid-client";
import { type Claims, identityFromClaims, mergedClaims, missingClaims } from "../core/claims.ts";
import { Failure } from "../core/failure.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { LoginChecks } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import type { Discovery } from "./discovery.ts";
import { idTokenAlgorithms } from "./id-token-algorithms.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { type IssuedTokens, redeemCode } from "./redeem-code.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { userinfo } from "./userinfo.ts";
import { verifyIdToken } from "./verify-id-token.ts";

/** The part of a provider that login depends on. */
export type LoginSettings = Pick<Provider, "oidc" | "claims" | "name">;

/** What finishing a login needs. */
export interface FinishLoginDeps {
  readonly provider: LoginSettings;
  readonly discovery: Discovery;
  readonly keys: SigningKeys;
  readonly fetch: IssuerFetch;
  readonly log: Log;
  now(): number; //                                epoch seconds
  configure(metadata: IssuerMetadata, through: IssuerFetch): Configuration;
}

/**
 * From the issuer's answer to an identity: callback checked, code redeemed, id_token verified, userinfo asked where a mapped claim
 * is missing, claims read. Throws `Failure` idp_unreachable, idp_misconfigured, idp_rejected_code, idp_token_invalid, login_denied.
 */
export async function finishLogin(callback: URL, expected: LoginChecks, deps: FinishLoginDeps): Promise<Identity> {
  const client = deps.provider.oidc;
  const metadata = await deps.discovery.metadata();
  const algorithms = idTokenAlgorithms(metadata, client);
  const tokens = await redeemCode(callback, expected, {
    fetch: deps.fetch,
    configuration: (through) => deps.configure(metadata, through),
  });
  const claims = await verifyIdToken(tokens.idToken, {
    issuer: client.issuer,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    algorithms,
    nonce: expected.nonce,
    keys: metadata.jwksUri === null ? null : deps.keys(metadata.jwksUri),
    now: deps.now(),
  });
  return identityOf(await completed(claims, tokens, metadata, deps), tokens, deps);
}

/** Userinfo is asked only for what the id_token lacks (decision 4). */
async function completed(
  claims: Claims,
  tokens: IssuedTokens,
  metadata: IssuerMetadata,
  deps: FinishLoginDeps,
): Promise<Claims> {
  const complete = missingClaims(claims, deps.provider.claims).length === 0;
  if (complete || metadata.userinfoEndpoint === null) return claims;
  const configuration = deps.configure(metadata, deps.fetch);
  return mergedClaims(claims, await userinfo(configuration, tokens.accessToken, String(claims["sub"]), deps.log));
}

function identityOf(claims: Claims, tokens: IssuedTokens, deps: FinishLoginDeps): Identity {
  const { claims: paths, name, oidc } = deps.provider;
  const outcome = identityFromClaims(claims, paths, oidc.issuer, tokens.idToken);
  if (!outcome.ok) throw new Failure("idp_token_invalid", `id_token: ${outcome.reason}`);
  for (const warning of outcome.warnings) deps.log.warn("claim left out", { provider: name, warning });
  return outcome.identity;
}
