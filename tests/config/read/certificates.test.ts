import { afterAll, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfigText } from "../../../src/config/load.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { configText, goodEnv, lineOf } from "../problem-lines.ts";

const mine = makeSelfSigned({ names: ["app.company"], days: 30, now: 1_800_000_000 });
const another = makeSelfSigned({ names: ["app.company"], days: 30, now: 1_800_000_000 });
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-certificates-"));
  const locked = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  });
  const files = {
    "cert.pem": mine.certificatePem,
    "key.pem": mine.keyPem,
    "other-key.pem": another.keyPem,
    "garbage.pem": "garbage",
    "broken.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "locked.pem": locked.privateKey,
    "empty.pem": "",
    "chain.pem": mine.certificatePem + another.certificatePem,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(text: string) {
  const loaded = await parseConfigText(text, { file: join(folder, "akproxy.toml"), env: goodEnv });
  return { config: loaded.config, lines: loaded.problems.map((problem) => lineOf(problem).replaceAll(folder, "DIR")) };
}

test("certificate and key are read for the listener and for a provider", async () => {
  const pair = 'certificate_file = "cert.pem"\nkey_file = "key.pem"';

  const { config, lines } = await read(configText({ top: `[tls]\n${pair}`, provider: pair }));

  expect(lines).toEqual([]);
  expect(config?.tls.certificate).toEqual(mine);
  expect(config?.providers[0]?.certificate).toEqual(mine);
});

test.each([
  ["cert.pem", "", "2:20 error tls.certificate_file: is given without key_file"],
  ["", "key.pem", "3:12 error tls.key_file: is given without certificate_file"],
  ["cert.pem", "other-key.pem", "3:12 error tls.key_file: is not the key of the certificate in certificate_file"],
  ["cert.pem", "garbage.pem", "3:12 error tls.key_file: the file holds no private key in PEM form"],
  ["cert.pem", "locked.pem", "3:12 error tls.key_file: the private key in the file has a passphrase"],
  ["cert.pem", "empty.pem", "3:12 error tls.key_file: the file DIR/empty.pem is empty"],
  ["key.pem", "key.pem", "2:20 error tls.certificate_file: the file holds no certificate in PEM form"],
  ["broken.pem", "key.pem", "2:20 error tls.certificate_file: the file holds a certificate that cannot be read"],
  ["nowhere.pem", "key.pem", "2:20 error tls.certificate_file: the file DIR/nowhere.pem does not exist"],
])("CFG-02: certificate_file %p with key_file %p is an error", async (certificate, key, line) => {
  const { config, lines } = await read(
    configText({ top: `[tls]\ncertificate_file = "${certificate}"\nkey_file = "${key}"` }),
  );

  expect(lines).toEqual([line]);
  expect(config).toBeNull();
});

test("authorities are read for the issuer and for the upstream, several in a file", async () => {
  const text = configText({ oidc: 'ca_file = "chain.pem"', provider: 'internal_host_ca_file = "cert.pem"' });

  const { config, lines } = await read(text);

  expect(lines).toEqual([]);
  expect(config?.providers[0]?.oidc.caPem).toBe(mine.certificatePem + another.certificatePem);
  expect(config?.providers[0]).toMatchObject({ upstream: { caPem: mine.certificatePem } });
});

test.each([
  ["nowhere.pem", "the file DIR/nowhere.pem does not exist"],
  ["empty.pem", "the file DIR/empty.pem is empty"],
  ["garbage.pem", "the file holds no certificate in PEM form"],
  ["broken.pem", "the file holds a certificate that cannot be read"],
  [".", "the file DIR is a directory"],
])("CFG-02: the authorities' file %p is an error at either place", async (name, message) => {
  const text = configText({ oidc: `ca_file = "${name}"`, provider: `internal_host_ca_file = "${name}"` });

  const { lines } = await read(text);

  expect(lines).toEqual([
    `5:11 error oidc.ca_file: ${message}`,
    `10:25 error providers.app.internal_host_ca_file: ${message}`,
  ]);
});
