import { constants } from "node:crypto";
import type { Certificate } from "../core/provider.ts";

/** A certificate and the name it is served for. */
export interface NamedCertificate {
  readonly serverName: string; //                  lower case, without port
  readonly certificate: Certificate;
}

/** One entry of `Bun.serve`'s `tls` array. */
export interface TlsEntry {
  readonly serverName?: string;
  readonly cert: string;
  readonly key: string;
  readonly secureOptions: number;
  readonly ciphers: string;
}

/** TLS 1.2 with forward secrecy and AEAD only (RFC 9325 4.2); TLS 1.3 has nothing else. */
const ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

const below12 = constants.SSL_OP_NO_TLSv1 | constants.SSL_OP_NO_TLSv1_1;
const refused: Readonly<Record<"1.2" | "1.3", number>> = {
  "1.2": below12,
  "1.3": below12 | constants.SSL_OP_NO_TLSv1_2,
};

/**
 * The `tls` of `Bun.serve`: `fallback` first, which a client gets that names no host or an unknown one, then one entry a name.
 * Bun.serve takes the lowest version as OpenSSL's option bits (`minVersion` is not in its types) and from the first entry for all; each
 * entry has them nevertheless.
 */
export function tlsOptions(
  fallback: Certificate,
  named: readonly NamedCertificate[],
  minVersion: "1.2" | "1.3",
): TlsEntry[] {
  const entry = ({ certificatePem, keyPem }: Certificate): TlsEntry => ({
    cert: certificatePem,
    key: keyPem,
    secureOptions: refused[minVersion],
    ciphers,
  });
  return [entry(fallback), ...named.map(({ serverName, certificate }) => ({ serverName, ...entry(certificate) }))];
}
