import type { ClaimReading } from "../core/identity/login-identity.ts";
import type { Provider } from "../core/provider.ts";
import type { Log } from "../ports/log.ts";
import type { Discovery } from "./discovery.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";
import { type SigningKeys, tokenAlgorithms } from "./signing-keys.ts";
import type { ExpectedToken } from "./verify-token.ts";

/** The part of a provider that a login depends on. */
export type LoginSettings = ClaimReading & Pick<Provider, "name">;

/** Everything that asking the issuer of one provider needs. */
export interface IssuerContext {
  readonly provider: LoginSettings;
  readonly discovery: Discovery;
  readonly keys: SigningKeys;
  readonly fetch: IssuerFetch;
  readonly log: Log;
  now(): number; //                                epoch seconds
}

/** What a token of this issuer for this client must match. Throws `Failure` idp_misconfigured when no algorithm is left. */
export function expectedToken(
  metadata: IssuerMetadata,
  { provider: { oidc }, keys, now }: IssuerContext,
): ExpectedToken {
  return {
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    clientSecret: oidc.clientSecret,
    algorithms: tokenAlgorithms(metadata, oidc),
    keys: metadata.jwksUri === null ? null : keys(metadata.jwksUri),
    now: now(),
  };
}
