import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/core/failure.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { loadOrMakeCertificate } from "../../src/tls/stored-certificate.ts";

const now = 1_795_500_000;
const day = 86_400;
const options = { names: ["app.company", "127.0.0.1", "::1"], now };
let stateDir = "";

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "akproxy-tls-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
  }
  throw new Error("no Failure was thrown");
}

test("it is made once and read from then on", () => {
  const made = loadOrMakeCertificate(stateDir, options);
  const read = loadOrMakeCertificate(stateDir, { ...options, now: now + 300 * day });

  expect(read).toEqual(made);
});

test("TLS-04: only the owner can read the key, and no temporary file is left", () => {
  loadOrMakeCertificate(stateDir, options);

  expect(statSync(join(stateDir, "tls.key")).mode & 0o777).toBe(0o600);
  expect(statSync(join(stateDir, "tls.crt")).mode & 0o777).toBe(0o644);
  expect(readdirSync(stateDir).sort()).toEqual(["tls.crt", "tls.key"]);
});

test("TLS-04: when a key that others can read is used, its mode is corrected", () => {
  loadOrMakeCertificate(stateDir, options);
  chmodSync(join(stateDir, "tls.key"), 0o644);

  loadOrMakeCertificate(stateDir, options);

  expect(statSync(join(stateDir, "tls.key")).mode & 0o777).toBe(0o600);
});

test("a missing state directory is made, readable by its owner only", () => {
  const inner = join(stateDir, "a", "b");

  loadOrMakeCertificate(inner, options);

  expect(statSync(inner).mode & 0o777).toBe(0o700);
});

test("it is made again when it expires within thirty days", () => {
  const made = loadOrMakeCertificate(stateDir, options);

  const soon = loadOrMakeCertificate(stateDir, { ...options, now: now + 368 * day });

  expect(soon.certificatePem).not.toBe(made.certificatePem);
  expect(readFileSync(join(stateDir, "tls.crt"), "utf8")).toBe(soon.certificatePem);
  expect(readFileSync(join(stateDir, "tls.key"), "utf8")).toBe(soon.keyPem);
});

test("it is made again when it does not cover a host", () => {
  const made = loadOrMakeCertificate(stateDir, options);

  const wider = loadOrMakeCertificate(stateDir, { ...options, names: ["app.company", "new.company"] });

  expect(wider.certificatePem).not.toBe(made.certificatePem);
});

test("a file that is not a certificate stops the start with its name, and stays as it is", () => {
  loadOrMakeCertificate(stateDir, options);
  writeFileSync(join(stateDir, "tls.crt"), "nonsense");

  const failure = failureOf(() => loadOrMakeCertificate(stateDir, options));

  expect(failure.code).toBe("config_unusable");
  expect(failure.message).toBe(`${stateDir}/tls.crt: not a certificate in PEM; delete it to have a new one made`);
  expect(readFileSync(join(stateDir, "tls.crt"), "utf8")).toBe("nonsense");
});

test("a key of another certificate stops the start with both names", () => {
  loadOrMakeCertificate(stateDir, options);
  writeFileSync(join(stateDir, "tls.key"), makeSelfSigned({ names: ["a.test"], days: 1, now }).keyPem);

  const failure = failureOf(() => loadOrMakeCertificate(stateDir, options));

  expect(failure.code).toBe("config_unusable");
  expect(failure.message).toContain(`${stateDir}/tls.key: the key does not belong to ${stateDir}/tls.crt`);
});

test("a state directory that cannot be made stops the start with the path and the reason of the system", () => {
  const file = join(stateDir, "file");
  writeFileSync(file, "");

  const failure = failureOf(() => loadOrMakeCertificate(join(file, "state"), options));

  expect(failure.code).toBe("store_unavailable");
  expect(failure.message).toStartWith(`${file}/state: cannot be read or written: ENOTDIR`);
});
