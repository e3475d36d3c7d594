import type { Configuration } from "openid-client";
import { Failure } from "../core/failure.ts";
import { type Claims, mergedClaims, missingClaims } from "../core/identity/claims.ts";
import { type ClaimReading, claimsRead, identityAtLogin } from "../core/identity/login-identity.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { LoginChecks, SignedIn } from "../ports/identity-provider.ts";
import type { Log } from "../ports/log.ts";
import type { Discovery } from "./discovery.ts";
import { idTokenAlgorithms } from "./id-token-algorithms.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { redeemCode } from "./redeem-code.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { userinfo } from "./userinfo.ts";
import { verifyIdToken } from "./verify-id-token.ts";
import type { ExpectedToken } from "./verify-token.ts";

/** The part of a provider that login depends on. */
export type LoginSettings = ClaimReading & Pick<Provider, "name">;

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
export async function finishLogin(callback: URL, expected: LoginChecks, deps: FinishLoginDeps): Promise<SignedIn> {
  const metadata = await deps.discovery.metadata();
  const ours = expectedToken(metadata, deps);
  const tokens = await redeemCode(callback, expected, {
    fetch: deps.fetch,
    configuration: (through) => deps.configure(metadata, through),
  });
  const claims = await verifyIdToken(tokens.idToken, { ...ours, nonce: expected.nonce });
  const identity = identityOf(await completed(claims, tokens.accessToken, metadata, deps), tokens.idToken, deps);
  return { identity, grant: tokens.grant };
}

/** What a token of this issuer for this client must match. Throws `Failure` idp_misconfigured when no algorithm is left. */
export function expectedToken(
  metadata: IssuerMetadata,
  { provider: { oidc }, keys, now }: Pick<FinishLoginDeps, "provider" | "keys" | "now">,
): ExpectedToken {
  return {
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    clientSecret: oidc.clientSecret,
    algorithms: idTokenAlgorithms(metadata, oidc),
    keys: metadata.jwksUri === null ? null : keys(metadata.jwksUri),
    now: now(),
  };
}

/** The claims of an id_token with what they lack from userinfo, which is asked only then (decision 4). Throws `Failure` as `userinfo`. */
export async function completed(
  claims: Claims,
  accessToken: string,
  metadata: IssuerMetadata,
  deps: FinishLoginDeps,
): Promise<Claims> {
  const complete = missingClaims(claims, claimsRead(deps.provider)).length === 0;
  if (complete || metadata.userinfoEndpoint === null) return claims;
  const configuration = deps.configure(metadata, deps.fetch);
  return mergedClaims(claims, await userinfo(configuration, accessToken, String(claims["sub"]), deps.log));
}

/** Who the claims speak of; what had to be left out is logged. Throws `Failure` idp_token_invalid. */
export function identityOf(
  claims: Claims,
  idToken: string,
  deps: FinishLoginDeps,
  fillingClaims: Claims = claims, //               see identityAtLogin
): Identity {
  const { name } = deps.provider;
  const outcome = identityAtLogin(claims, deps.provider, idToken, fillingClaims);
  if (!outcome.ok) throw new Failure("idp_token_invalid", `provider "${name}": id_token: ${outcome.reason}`);
  for (const warning of outcome.warnings) deps.log.warn("claim left out", { provider: name, warning });
  return outcome.identity;
}
