import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { parseConfigText } from "../../src/config/load.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { blocksOf } from "./written-code.ts";

type Table = Record<string, unknown>;

/** What a reader has in the file already where a page shows a part of it. */
const oidc = { issuer: "https://idp.company/", client_id: "akproxy", client_secret: "only-for-the-test" };
const providers: Record<string, Table> = {
  app: { mode: "proxy", external_host: "https://app.company", internal_host: "http://127.0.0.1:8080" },
  corp: {
    mode: "forward_domain",
    external_host: "https://auth.corp.company",
    cookie_domain: "corp.company",
    rules: [{ access: "login" }],
  },
};

let folder = "";
const files: Record<string, string> = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-written-"));
  const { certificatePem, keyPem } = makeSelfSigned({
    names: ["app.company"],
    days: 30,
    now: Math.floor(Date.now() / 1000),
  });
  Object.assign(files, { certificate_file: certificatePem, ca_file: certificatePem, key_file: keyPem });
  Object.assign(files, { internal_host_ca_file: certificatePem, store_file: "rediss://redis.company/0" });
});
afterAll(() => rmSync(folder, { recursive: true }));

const asTable = (value: unknown): Table =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : {};

/** `fragment` with what it leaves out: an issuer, a provider where it shows none, and the keys of one of which it shows a part. */
function completed(fragment: Table): Table {
  const shown = asTable(fragment["providers"]);
  const whole = Object.entries(shown).map(([slug, value]) => {
    const provider = asTable(value);
    return [slug, "mode" in provider ? provider : { ...(providers[slug] ?? providers["app"]), ...provider }];
  });
  const given = asTable(fragment["oidc"]);
  const known = Object.entries(oidc).filter(([key]) => !(`${key}_file` in given));
  return {
    ...fragment,
    oidc: { ...Object.fromEntries(known), ...given },
    providers: whole.length === 0 ? { app: providers["app"] } : Object.fromEntries(whole),
  };
}

function authorities(): string {
  const file = join(folder, "authorities.pem");
  writeFileSync(file, files["ca_file"] ?? "");
  return file;
}

/** The same with each file that it names in a folder of the test's, where systemd's credentials are, too. */
function withFiles(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withFiles(item, key));
  if (value !== null && typeof value === "object" && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withFiles(inner, name)]));
  }
  if (key === "store" && typeof value === "string") return value.replace(/ca_file=[^&]+/, `ca_file=${authorities()}`);
  if (!key.endsWith("_file") || typeof value !== "string" || value === "") return value;
  const credential = /^credential:(.+)$/.exec(value)?.[1];
  const name = credential ?? key;
  writeFileSync(join(folder, name), files[key] ?? "a-secret-of-more-than-thirty-two-characters\n", { mode: 0o600 });
  return credential === undefined ? join(folder, name) : value;
}

test("every piece of config on a page is one that akproxy takes, without a warning", async () => {
  const blocks = await blocksOf("toml");
  const env = { CLIENT_SECRET: "only-for-the-test", CREDENTIALS_DIRECTORY: folder };

  const problems: string[] = [];
  for (const { place, text } of blocks) {
    const whole = stringify(asTable(withFiles(completed(parse(text)))));
    const loaded = await parseConfigText(whole, { file: join(folder, "akproxy.toml"), env });
    problems.push(
      ...loaded.problems.map(({ severity, path, message }) => `${place}: ${severity}: ${path}: ${message}`),
    );
  }

  expect(blocks.length).toBeGreaterThan(5);
  expect(problems).toEqual([]);
});

test("an unknown key, or one that is not available, would be found on a page", async () => {
  const whole = stringify(completed(parse("[sessions]\nmix = '1h'\n[providers.corp]\nbasic_auth_enabled = true\n")));

  const { problems } = await parseConfigText(whole, { file: join(folder, "akproxy.toml"), env: {} });

  expect(problems.map(({ path }) => path)).toContain("sessions.mix");
  expect(problems.map(({ path }) => path)).toContain("providers.corp.basic_auth_enabled");
});
