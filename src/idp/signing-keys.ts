import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

const asymmetric = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;
const symmetric = /^HS(256|384|512)$/;
const minSecretBytes = 32; //                      RFC 7518 3.2: a key of at least the hash's size

/**
 * The algorithms a token may be signed with, fixed before a token is read (JWT-01, JWT-02): those the issuer advertises, without
 * `none`. HMAC is allowed only when the client secret is long enough. Throws `Failure` idp_misconfigured when none is left.
 */
export function tokenAlgorithms(metadata: IssuerMetadata, client: OidcClient): readonly string[] {
  const hasStrongSecret = Buffer.byteLength(client.clientSecret) >= minSecretBytes;
  const allowed = metadata.idTokenAlgorithms.filter(
    (name) => (asymmetric.test(name) && metadata.jwksUri !== null) || (symmetric.test(name) && hasStrongSecret),
  );
  if (allowed.length > 0) return allowed;
  const offered = metadata.idTokenAlgorithms.join(", ");
  const hint = "use a key pair at the issuer, or a client_secret of at least 32 characters for HMAC";
  throw new Failure(
    "idp_misconfigured",
    `issuer "${client.issuer}": no usable id_token algorithm in "${offered}"; ${hint}`,
  );
}

/** The keys at a jwks_uri; the same getter as long as the address stays. */
export type SigningKeys = (jwksUri: string) => JWTVerifyGetKey;

/**
 * Keys by `kid`, cached for ten minutes. An unknown kid fetches them again, at most once a minute and one request at a time, so that
 * made-up kids do not load the issuer (JWT-04). Keys named in a token's header are never used (JWT-03).
 */
export function signingKeys(fetch: IssuerFetch): SigningKeys {
  let current: { readonly jwksUri: string; readonly keys: JWTVerifyGetKey } | null = null;
  return (jwksUri) => {
    if (current?.jwksUri !== jwksUri) {
      const keys = createRemoteJWKSet(new URL(jwksUri), {
        cooldownDuration: 60_000,
        cacheMaxAge: 600_000,
        timeoutDuration: 60_000, // the timeout of `fetch` is shorter
        [customFetch]: fetch,
      });
      current = { jwksUri, keys };
    }
    return current.keys;
  };
}
