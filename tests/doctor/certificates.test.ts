import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateSection } from "../../src/doctor/certificates.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { byName, checkedWorld, proxyProvider, worldOf } from "./checks.ts";

const { configOf, end, root } = checkedWorld();
afterAll(end);

const now = Math.floor(Date.now() / 1000);

function certified(
  name: string,
  made: { readonly names: readonly string[]; readonly days: number; readonly at: number },
) {
  const { certificatePem, keyPem } = makeSelfSigned({ names: made.names, days: made.days, now: made.at });
  writeFileSync(join(root, `${name}.crt`), certificatePem);
  writeFileSync(join(root, `${name}.key`), keyPem, { mode: 0o600 });
  return `certificate_file = "${name}.crt"\nkey_file = "${name}.key"`;
}

test.each([
  ["lasts", 90, now, "ok", /^of \[tls\]: valid until \d{4}-\d\d-\d\d, 90 days$/],
  ["ends soon", 20, now, "warn", /, 20 days$/],
  ["has ended", 10, now - 20 * 86_400, "fail", /expired on/],
  ["begins later", 10, now + 5 * 86_400, "fail", /not valid before/],
])("a certificate that %s", async (name, days, at, standing, text) => {
  const tls = certified(name.replace(" ", "-"), { names: ["app.test"], days, at });

  const { expiry } = await certificateChecks(tls);

  expect(expiry?.standing).toBe(standing as never); // as: a row of the table has a text
  expect(expiry?.text).toMatch(text);
});

/** The checks of a config with an https listener. `tls`: the lines of [tls], and where a file lies in state_dir. */
async function certificateChecks(tls: string, provider = proxyProvider, top = `state_dir = "${root}"`) {
  const config = await configOf({
    top,
    listen: 'http = ""\nhttps = "127.0.0.1:0"\nmetrics = ""',
    oidc: `[tls]\n${tls}`,
    provider,
  });
  const world = { ...worldOf(), now: () => now };
  return byName(certificateSection(config, config.providers, world).checks);
}

test("a certificate that does not cover the external host is a warning when it is shared, a failure when it is the provider's own", async () => {
  const shared = await certificateChecks(certified("other", { names: ["other.test"], days: 90, at: now }));
  const own = await certificateChecks(
    'certificate_file = ""',
    `${proxyProvider}\n${certified("own", { names: ["other.test"], days: 90, at: now })}`,
  );

  expect(shared["names"]).toMatchObject({ standing: "warn", text: "of [tls]: does not cover app.test" });
  expect(own["names"]).toMatchObject({ standing: "fail", text: "of app: does not cover app.test" });
});

test("without an https listener no certificate is checked", async () => {
  const config = await configOf({});

  expect(certificateSection(config, config.providers, worldOf()).checks).toMatchObject([
    { name: "https", standing: "ok", text: "the listener is off" },
  ]);
});

test("the self-signed certificate does not exist before the first start, and then has the fix of a restart", async () => {
  const folder = mkdtempSync(join(root, "own-"));
  const top = `state_dir = "${folder}"`;
  const none = 'certificate_file = ""';

  const before = await certificateChecks(none, proxyProvider, top);
  const made = makeSelfSigned({ names: ["localhost"], days: 10, now });
  writeFileSync(join(folder, "tls.crt"), made.certificatePem);
  const after = await certificateChecks(none, proxyProvider, top);

  expect(before["https"]).toMatchObject({
    standing: "ok",
    text: "does not exist yet: akproxy makes a self-signed one",
  });
  const fix = "restart akproxy, which makes a new one";
  expect(after["expiry"]).toMatchObject({ standing: "warn", fix });
  expect(after["names"]).toMatchObject({ standing: "warn", text: "self-signed: does not cover app.test", fix });
});

test("a file that is not a certificate is a failure", async () => {
  const folder = mkdtempSync(join(root, "bad-"));
  writeFileSync(join(folder, "tls.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

  const { expiry } = await certificateChecks('certificate_file = ""', proxyProvider, `state_dir = "${folder}"`);

  expect(expiry).toMatchObject({ standing: "fail", text: "self-signed: cannot be read" });
});

test("a chain expires with its first certificate", async () => {
  const [long, short] = [90, 20].map((days) => makeSelfSigned({ names: ["app.test"], days, now }));
  writeFileSync(join(root, "chain.crt"), `${long?.certificatePem}${short?.certificatePem}`);
  writeFileSync(join(root, "chain.key"), long?.keyPem ?? "", { mode: 0o600 });

  const { expiry } = await certificateChecks('certificate_file = "chain.crt"\nkey_file = "chain.key"');

  expect(expiry).toMatchObject({ standing: "warn" });
  expect(expiry?.text).toEndWith(", 20 days");
});

test("names are checked for https hosts only, and an address by its address", async () => {
  const tls = certified("address", { names: ["127.0.0.1"], days: 90, at: now });

  const address = await certificateChecks(tls, proxyProvider.replace("app.test", "127.0.0.1"));
  const plain = await certificateChecks(tls, proxyProvider.replace("https://app.test", "http://app.localhost"));

  expect(address["names"]).toMatchObject({ standing: "ok", text: "of [tls]: covers 127.0.0.1" });
  expect(plain["names"]).toBeUndefined();
});
