import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { isLeftOut } from "../fakes/left-out.ts";

const now = 1_795_500_000; //                      2026-11-24
const names = ["app.company", "*.lab.company", "127.0.0.1", "::1", "2001:db8::a:1"];

test("the certificate covers each of its names and addresses, and no other", () => {
  const certificate = new X509Certificate(makeSelfSigned({ names, days: 397, now }).certificatePem);

  expect(certificate.checkHost("app.company")).toBe("app.company");
  expect(certificate.checkHost("grafana.lab.company")).toBe("*.lab.company");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkIP("::1")).toBe("::1");
  expect(certificate.checkIP("2001:db8::a:1")).toBe("2001:db8::a:1");
  expect(certificate.checkHost("other.company")).toBeUndefined();
});

test("it lasts the days asked for, from an hour before now", () => {
  const certificate = new X509Certificate(makeSelfSigned({ names, days: 10, now }).certificatePem);

  expect(certificate.validFromDate.getTime() / 1000).toBe(now - 3600);
  expect(certificate.validToDate.getTime() / 1000).toBe(now + 10 * 86_400);
});

test("an expiry after 2049 is written as GeneralizedTime", () => {
  const certificate = new X509Certificate(makeSelfSigned({ names, days: 20_000, now }).certificatePem);

  expect(certificate.validToDate.getTime() / 1000).toBe(now + 20_000 * 86_400);
});

test("it is signed by its own key and belongs to it", () => {
  const { certificatePem, keyPem } = makeSelfSigned({ names, days: 1, now });
  const certificate = new X509Certificate(certificatePem);

  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(keyPem).toStartWith("-----BEGIN PRIVATE KEY-----");
  expect(certificate.ca).toBe(false);
});

test("a hundred serial numbers are positive and differ", () => {
  const serials = Array.from(
    { length: 100 },
    () => new X509Certificate(makeSelfSigned({ names: ["a.test"], days: 1, now }).certificatePem).serialNumber,
  );

  expect(new Set(serials).size).toBe(100);
  expect(serials.filter((serial) => serial.startsWith("-"))).toEqual([]);
});

test("openssl reads it and verifies it for its name", async () => {
  const openssl = Bun.which("openssl");
  if (openssl === null) {
    isLeftOut("the check of the self-signed certificate by openssl", "openssl is not installed");
    return;
  }
  const { certificatePem } = makeSelfSigned({ names, days: 397, now: Math.floor(Date.now() / 1000) });
  const file = `${process.env["TMPDIR"] ?? "/tmp"}/akproxy-self-signed-${process.pid}.pem`;
  await Bun.write(file, certificatePem);

  const verified = Bun.spawnSync([
    openssl,
    "verify",
    "-x509_strict",
    "-partial_chain",
    "-purpose",
    "sslserver",
    "-verify_hostname",
    "app.company",
    "-CAfile",
    file,
    file,
  ]);
  const shown = Bun.spawnSync([openssl, "x509", "-in", file, "-noout", "-text"]).stdout.toString();
  await Bun.file(file).delete();

  expect(verified.stderr.toString()).toBe("");
  expect(verified.stdout.toString()).toEndWith(": OK\n");
  expect(shown).toContain("Public Key Algorithm: id-ecPublicKey");
  expect(shown).toContain("DNS:app.company, DNS:*.lab.company, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  expect(shown).toContain("TLS Web Server Authentication");
});
