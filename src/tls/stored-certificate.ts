import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../core/failure.ts";
import type { Certificate } from "../core/provider.ts";
import { addressBytes, makeSelfSigned } from "./self-signed.ts";

export interface StoredCertificateOptions {
  readonly names: readonly string[]; //            the hosts that it must cover: DNS names and IP addresses
  readonly now: number; //                         seconds since the epoch
}

const days = 397; //                               the longest lifetime that browsers accept of a public certificate
const renewBeforeSeconds = 30 * 86_400; //         a server that starts today may run for a month

/**
 * The self-signed certificate in `state_dir`: tls.crt (0644) and tls.key (0600). It is made once, and again when it expires within 30 days or
 * does not cover all of `names`. Throws `Failure` config_unusable when an existing file is not a certificate or its key: it may belong to the
 * operator, so it is not overwritten. Throws store_unavailable when a file cannot be read or written; its `cause` has the code of the system.
 */
export function loadOrMakeCertificate(stateDir: string, options: StoredCertificateOptions): Certificate {
  const certificateFile = join(stateDir, "tls.crt");
  const keyFile = join(stateDir, "tls.key");
  const stored = existsSync(certificateFile) && existsSync(keyFile);
  if (stored) {
    const certificate = readPair(certificateFile, keyFile);
    if (serves(new X509Certificate(certificate.certificatePem), options)) {
      onDisk(keyFile, () => chmodSync(keyFile, 0o600));
      return certificate;
    }
  }
  const made = makeSelfSigned({ ...options, days });
  onDisk(stateDir, () => mkdirSync(stateDir, { recursive: true, mode: 0o700 }));
  writeWhole(keyFile, made.keyPem, 0o600);
  writeWhole(certificateFile, made.certificatePem, 0o644);
  return made;
}

function readPair(certificateFile: string, keyFile: string): Certificate {
  const certificatePem = onDisk(certificateFile, () => readFileSync(certificateFile, "utf8"));
  const keyPem = onDisk(keyFile, () => readFileSync(keyFile, "utf8"));
  const certificate = understood(certificateFile, "certificate", () => new X509Certificate(certificatePem));
  const key = understood(keyFile, "private key", () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(key)) {
    throw new Failure(
      "config_unusable",
      `${keyFile}: the key does not belong to ${certificateFile}; delete both to have new ones made`,
    );
  }
  return { certificatePem, keyPem };
}

function serves(certificate: X509Certificate, { names, now }: StoredCertificateOptions): boolean {
  const inTime = certificate.validToDate.getTime() / 1000 - renewBeforeSeconds > now;
  const covers = (name: string): boolean =>
    (addressBytes(name) === null ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return inTime && names.every(covers);
}

function understood<Read>(file: string, what: string, read: () => Read): Read {
  try {
    return read();
  } catch (cause) {
    throw new Failure("config_unusable", `${file}: not a ${what} in PEM; delete it to have a new one made`, { cause });
  }
}

function onDisk<Done>(file: string, act: () => Done): Done {
  try {
    return act();
  } catch (cause) {
    throw new Failure("store_unavailable", `${file}: cannot be read or written: ${reasonOf(cause)}`, { cause });
  }
}

/** Writes to a second file and renames it, so that the name never has half a file. */
function writeWhole(file: string, text: string, mode: number): void {
  onDisk(file, () => {
    writeFileSync(`${file}.new`, text, { mode, flush: true });
    chmodSync(`${file}.new`, mode); // the umask reduces the mode of writeFileSync, and an existing file keeps its own
    renameSync(`${file}.new`, file);
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
