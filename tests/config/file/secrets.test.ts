import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, parseConfigText } from "../../../src/config/load.ts";
import { judgeSecret } from "../../../src/config/tables/server.ts";
import { configText, goodEnv, lineOf } from "../problem-lines.ts";

const good = "kV3x9QpL7mZr2WtY8bNc5HdJ4fGs6Ua1";
const other = "uE1oP0aS9dF8gH7jK6lZ5xC4vB3nM2qW";
let folder = "";

function write(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

async function read(text: string, env: Record<string, string> = goodEnv, mode = 0o600) {
  const file = write("akproxy.toml", text, mode);
  const { config, problems } = await loadConfig({ file, env });
  return { config, lines: problems.map((problem) => lineOf(problem).replaceAll(folder, "DIR")) };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-config-"));
  mkdirSync(join(folder, "credentials"));
  write("secret", `${good}\n`);
  write("two-newlines", `${good}\n\n`);
  write("crlf", `${good}\r\n`);
  write("empty", "\n");
  write("open", good, 0o644);
  write("credentials/outpost", good, 0o440);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a relative secret file is relative to the config file; one newline at its end is removed", async () => {
  const read1 = await read(configText({ top: '[outpost]\nsecret_file = "secret"' }));
  const read2 = await read(configText({ top: '[outpost]\nsecret_file = ["crlf", "two-newlines"]' }));

  expect(read1).toMatchObject({ lines: [], config: { secrets: [good] } });
  expect(read2).toMatchObject({ lines: [], config: { secrets: [good, `${good}\n`] } });
});

test("a list of secrets keeps its order: the first seals", async () => {
  const { config } = await read(configText({ top: `[outpost]\nsecret = ["${good}", "${other}"]` }));

  expect(config?.secrets).toEqual([good, other]);
});

test("credential:NAME is a file in systemd's credentials directory, and its mode is not checked", async () => {
  const text = configText({ top: '[outpost]\nsecret_file = "credential:outpost"' });

  const { config, lines } = await read(text, { ...goodEnv, CREDENTIALS_DIRECTORY: join(folder, "credentials") });

  expect(lines).toEqual([]);
  expect(config?.secrets).toEqual([good]);
});

test.each([
  ["credential:outpost", "credential:outpost needs $CREDENTIALS_DIRECTORY, which is not set"],
  ["credential:../secret", "names a credential that is not a file name"],
  ["credential:..", "names a credential that is not a file name"],
  ["nowhere", "the file DIR/nowhere does not exist"],
  ["empty", "the file DIR/empty is empty"],
  ["credentials", "the file DIR/credentials is a directory"],
])("CFG-02: secret_file = %p is an error", async (name, message) => {
  const { config, lines } = await read(configText({ top: `[outpost]\nsecret_file = "${name}"` }));

  expect(lines).toEqual([`2:15 error outpost.secret_file: ${message}`]);
  expect(config).toBeNull();
});

test("both forms of a secret at once are an error", async () => {
  const { lines } = await read(configText({ oidc: 'client_secret_file = "secret"' }));

  expect(lines).toEqual(["5:22 error oidc.client_secret_file: client_secret and client_secret_file are both given"]);
});

test("a secret of the provider, in either form, takes precedence over [oidc]; an empty one makes a public client", async () => {
  const fromFile = await read(configText({ provider: 'client_secret_file = "secret"' }));
  const isPublic = await read(configText({ provider: 'client_secret = ""' }));

  expect(fromFile).toMatchObject({ lines: [], config: { providers: [{ oidc: { clientSecret: good } }] } });
  expect(isPublic).toMatchObject({ lines: [], config: { providers: [{ oidc: { clientSecret: "" } }] } });
});

test("a variable that is set but empty does not silently make a public client", async () => {
  const slip = await read(configText({}), { CLIENT_SECRET: "" });
  const meant = await read(configText({}).replace("CLIENT_SECRET}", "CLIENT_SECRET:-}"), {});

  expect(slip.lines).toEqual(["4:17 error oidc.client_secret: is empty"]);
  expect(meant).toMatchObject({ lines: [], config: { providers: [{ oidc: { clientSecret: "" } }] } });
});

test.each([
  ["x".repeat(31), "the secret has 31 characters; at least 32 are required"],
  ["changeme-changeme-changeme-changeme", "the secret is a sample value"],
  ["please-CHANGE-ME-9f8a7b6c5d4e3f2a1b0c", "the secret is a sample value"],
  ["0123456789abcdef0123456789abcdef", "the secret is a sample value"],
  ["a".repeat(40), "the secret repeats a few characters"],
])("CFG-04: the secret %p is refused", (value, message) => {
  expect(judgeSecret(value)).toMatchObject({ kind: "wrong", message });
});

test("CFG-04: a secret that is also a client secret gives a warning", async () => {
  const text = configText({ top: `[outpost]\nsecret = "\${CLIENT_SECRET}"` });

  const { lines } = await read(text, { CLIENT_SECRET: good });

  expect(lines).toEqual([
    '2:10 warning outpost.secret: the outpost\'s secret is also the client secret of provider "app"',
  ]);
});

test("CFG-05: a secret in a file that other users can read gives a warning", async () => {
  const inline = await read(configText({ top: `[outpost]\nsecret = "${good}"` }), goodEnv, 0o644);
  const group = await read(configText({ top: `[outpost]\nsecret = "${good}"` }), goodEnv, 0o640);
  const named = await read(configText({ top: '[outpost]\nsecret_file = "open"' }));

  const warning = "2:10 warning outpost.secret: the secret is in DIR/akproxy.toml, which other users can read (mode 06";
  expect(inline.lines).toEqual([`${warning}44)`]);
  expect(group.lines).toEqual([`${warning}40)`]);
  expect(named.lines).toEqual([
    "2:15 warning outpost.secret_file: the file DIR/open holds a secret, and other users can read it (mode 0644)",
  ]);
});

test("CFG-05: other users may read a config file without secrets", async () => {
  expect((await read(configText({}), goodEnv, 0o644)).lines).toEqual([]);
});

test("LEAK-08: no message shows a secret, whatever its place and whatever is wrong", async () => {
  const canary = "canary-4f1d";
  const text = `[outpost]
secret = ["${canary}", "\${CANARY}"]
secret_file = "secret"
[oidc]
issuer = "https://user:${canary}@idp.company/"
client_secret = "${canary}"
client_secrte = "${canary}"
client_secret_file = 7
client_id = "\${CANARY}"
scopes = ["\${CANARY} x"]
backchannel_host = "https://\${CANARY}/"
token_endpoint_auth_method = "\${CANARY}"
[sessions]
store = "redis://:${canary}@redis/"
max = "\${CANARY}"
[providers.app]
mode = "\${CANARY}"
external_host = "https://\${CANARY}@app.company"
internal_host = "http://user:${canary}@app"
client_secret = { a = "${canary}" }
client_secret_file = "empty"
ak_proxy.user_attributes = { password = "${canary}{", list = ["${canary}}"] }
`;

  const file = write("canary.toml", text, 0o644);
  const { problems } = await loadConfig({ file, env: { CANARY: canary } });

  expect(problems.length).toBeGreaterThan(10);
  expect(JSON.stringify(problems)).not.toContain(canary);
});

test("LEAK-08: a syntax error does not quote its line", async () => {
  const { problems } = await parseConfigText('client_secret = "canary-4f1d" x', { file: "a.toml", env: {} });

  expect(problems.map(lineOf)).toEqual([
    "1:31 error : not TOML: each key-value declaration must be followed by an end-of-line",
  ]);
});
