import type { ClaimedFields } from "./identity/identity-fields.ts";

/**
 * A user, read from an issuer's claims once and never again from raw claims (authentik: Claims). Its fields with a header of their own
 * (`username`, `groups` and so on) are rows of identity-fields.ts.
 */
export interface Identity extends ClaimedFields {
  readonly issuer: string;
  readonly subject: string; //                     `sub`: with the issuer, the key of this user
  readonly emailVerified: boolean | null; //       null: the issuer does not say
  readonly areGroupsLeftOut: boolean; //           the issuer says that a token cannot hold them all (Entra: groups overage)
  readonly claims: Readonly<Record<string, readonly string[]>>; // those that `allow` and `rules` use, as texts
  readonly idpSession: string | null; //           `sid`, for back-channel logout
  readonly rawToken: string; //                    X-authentik-jwt and id_token_hint
  readonly proxy: ProxyAttributes;
}

/** The `ak_proxy` claim, checked (proxy-provider.txt: additional headers, dynamic backend selection, host header). */
export interface ProxyAttributes {
  readonly backendOverride: string | null;
  readonly hostHeader: string | null;
  readonly userAttributes: Readonly<Record<string, unknown>>; // unknown: in authentik an attribute is any JSON
}

/** About how many bytes an identity takes in memory: its texts at one byte a character, and 16 bytes for each value. */
export function identityBytes(identity: Identity): number {
  return bytesOf(identity);
}

function bytesOf(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 16;
  let sum = 16;
  for (const part of Object.values(value)) sum += bytesOf(part);
  return sum;
}
