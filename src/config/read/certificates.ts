import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Certificate } from "../../core/provider.ts";
import { readNamedFile } from "../file/named-file.ts";
import type { Source } from "../file/source.ts";
import type { Path } from "../findings.ts";

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificate chain and the key in the files `certificate_file` and `key_file` of `table`, checked to belong together; null if
 * neither key is given or something is wrong (CFG-02).
 */
export function readCertificate(
  source: Source,
  table: Path,
  { certificate_file, key_file }: { readonly certificate_file: string; readonly key_file: string },
): Certificate | null {
  const certificatePath = [...table, "certificate_file"];
  const keyPath = [...table, "key_file"];
  if (certificate_file === "" && key_file === "") return null;
  if (certificate_file === "" || key_file === "") {
    const [given, missing] = key_file === "" ? ["certificate_file", "key_file"] : ["key_file", "certificate_file"];
    source.findings.error([...table, given], `is given without ${missing}`, `add ${missing}`);
    return null;
  }
  const certificatePem = readNamedFile(source, certificatePath, certificate_file, "public");
  const keyPem = readNamedFile(source, keyPath, key_file, "secret");
  const leaf = certificatePem === null ? null : parseChain(source, certificatePath, certificatePem)[0];
  const key = keyPem === null ? null : parseKey(source, keyPath, keyPem);
  if (!leaf || !key || certificatePem === null || keyPem === null) return null;
  if (!leaf.checkPrivateKey(key)) {
    source.findings.error(
      keyPath,
      "is not the key of the certificate in certificate_file",
      "name the private key that belongs to the certificate",
    );
    return null;
  }
  return { certificatePem, keyPem };
}

/** The authorities in a CA file as PEM; null if no file is named or the file is wrong. */
export function readAuthorities(source: Source, path: Path, file: string): string | null {
  if (file === "") return null;
  const pem = readNamedFile(source, path, file, "public");
  return pem !== null && parseChain(source, path, pem).length > 0 ? pem : null;
}

function parseChain(source: Source, path: Path, pem: string): readonly X509Certificate[] {
  const blocks = pem.match(pemBlock) ?? [];
  if (blocks.length === 0) {
    source.findings.error(
      path,
      "the file holds no certificate in PEM form",
      'name a file that contains "-----BEGIN CERTIFICATE-----"',
    );
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    source.findings.error(
      path,
      "the file holds a certificate that cannot be read",
      "check it with: openssl x509 -in FILE -noout",
    );
    return [];
  }
}

function parseKey(source: Source, path: Path, pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    const locked = pem.includes("ENCRYPTED");
    const message = locked
      ? "the private key in the file has a passphrase"
      : "the file holds no private key in PEM form";
    source.findings.error(
      path,
      message,
      locked
        ? "remove the passphrase: openssl pkey -in FILE -out FILE.plain"
        : 'name a file that contains "-----BEGIN PRIVATE KEY-----"',
    );
    return null;
  }
}
