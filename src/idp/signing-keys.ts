import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import type { IssuerFetch } from "./issuer-fetch.ts";

/** The keys at a jwks_uri; the same getter as long as the address stays. */
export type SigningKeys = (jwksUri: string) => JWTVerifyGetKey;

/**
 * Keys by `kid`, cached for ten minutes. An unknown kid fetches them again, once a minute at most and one request at a time,
 * so that made-up kids cost the issuer nothing (JWT-04). Headers of a token that name keys are never looked at (JWT-03).
 */
export function signingKeys(fetch: IssuerFetch): SigningKeys {
  let current: { readonly jwksUri: string; readonly keys: JWTVerifyGetKey } | null = null;
  return (jwksUri) => {
    if (current?.jwksUri !== jwksUri) {
      const keys = createRemoteJWKSet(new URL(jwksUri), {
        cooldownDuration: 60_000,
        cacheMaxAge: 600_000,
        timeoutDuration: 60_000, // ours is shorter
        [customFetch]: (url, request) => fetch(url, request),
      });
      current = { jwksUri, keys };
    }
    return current.keys;
  };
}
