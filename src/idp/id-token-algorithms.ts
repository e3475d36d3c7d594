import { Failure } from "../core/failure.ts";
import type { OidcClient } from "../core/provider.ts";
import type { IssuerMetadata } from "./issuer-metadata.ts";

const asymmetric = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;
const symmetric = /^HS(256|384|512)$/;
const minSecretBytes = 32; //                      RFC 7518 3.2: a key of at least the hash's size

/**
 * The algorithms an id_token may be signed with, fixed before a token is looked at (JWT-01, JWT-02): those the issuer advertises,
 * without `none`; an HMAC only where the client's secret can carry one. Throws `Failure` idp_misconfigured when none is left.
 */
export function idTokenAlgorithms(metadata: IssuerMetadata, client: OidcClient): readonly string[] {
  const hasStrongSecret = Buffer.byteLength(client.clientSecret) >= minSecretBytes;
  const allowed = metadata.idTokenAlgorithms.filter(
    (name) => (asymmetric.test(name) && metadata.jwksUri !== null) || (symmetric.test(name) && hasStrongSecret),
  );
  if (allowed.length > 0) return allowed;
  const offered = metadata.idTokenAlgorithms.join(", ");
  const hint = "a key pair is needed there, or a client_secret of at least 32 characters here for an HMAC";
  throw new Failure(
    "idp_misconfigured",
    `issuer "${client.issuer}": no usable id_token algorithm in "${offered}"; ${hint}`,
  );
}
