// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${VAR} is the config's own syntax
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";
import { leastConfig } from "../fakes/sample-config.ts";

const good = leastConfig.replace("[providers", 'client_secret = "${CLIENT_SECRET}"\n[providers');
const wide = `${good}skip_path_regex = "health"\n`;
const bad = `${wide}mod = "a"\nsend_jwt = 3\n`;
let folder = "";

function write(name: string, text: string, mode = 0o600): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-validate-"));
  write("good.toml", good);
  write("wide.toml", wide);
  write("bad.toml", bad);
  write("secret.toml", good.replace("${CLIENT_SECRET}", "canary-4f1d"), 0o644);
  write(
    "two.toml",
    `${good}[providers.two]\nmode = "proxy"\nexternal_host = "https://two.company"\ninternal_host = "unix:/run/two"\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

async function validate(args: readonly string[], env: Record<string, string> = {}) {
  return runAkproxy(["validate", ...args], { cwd: folder, env: { CLIENT_SECRET: "canary-4f1d", ...env } });
}

test.each([
  ["good.toml", [], 0, "good.toml: valid, 1 provider\n"],
  ["two.toml", ["--strict"], 0, "two.toml: valid, 2 providers\n"],
])("a good config is one line: %s", async (file, more, code, stdout) => {
  expect(await validate(["-c", file, ...more])).toEqual({ code, stdout, stderr: "" });
});

test("PATH-09: a warning passes, and with --strict it fails", async () => {
  const stdout = `wide.toml:9:20: warning: providers.app.skip_path_regex: pattern "health" is not anchored: it also matches in the middle of a path, as in "/admin/…"
  hint: start it with ^
wide.toml: valid, 1 provider, 1 warning
`;

  expect(await validate(["-c", "wide.toml"])).toEqual({ code: 0, stdout, stderr: "" });
  expect(await validate(["--config", "wide.toml", "--strict"])).toEqual({ code: 1, stdout, stderr: "" });
});

test("CFG-01: errors are all printed, on stdout, and exit 1", async () => {
  const { code, stdout, stderr } = await validate(["-c", "bad.toml"]);

  expect(
    stdout,
  ).toBe(`bad.toml:9:20: warning: providers.app.skip_path_regex: pattern "health" is not anchored: it also matches in the middle of a path, as in "/admin/…"
  hint: start it with ^
bad.toml:10:1: error: providers.app.mod: is not a key that akproxy knows
  hint: did you mean "mode"?
bad.toml:11:12: error: providers.app.send_jwt: must be true or false, not a number
bad.toml: 2 errors, 1 warning
`);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
});

test.each([
  [
    ["-c", "nowhere.toml"],
    {},
    "nowhere.toml:1:1: error: the config file nowhere.toml does not exist (named by --config)",
  ],
  [
    [],
    { AKPROXY_CONFIG: "gone.toml" },
    "gone.toml:1:1: error: the config file gone.toml does not exist (named by $AKPROXY_CONFIG)",
  ],
  [["-c", "."], {}, ".:1:1: error: the config file . is a directory"],
])("a config file that cannot be read exits 74: %j %j", async (args, env, line) => {
  const { code, stdout } = await validate(args, env);

  expect(code).toBe(74);
  expect(stdout.split("\n")[0]).toBe(line);
});

test("a config file without read permission exits 77", async () => {
  write("closed.toml", good, 0o000);
  // root may read everything: as root the child loads its modules, then becomes nobody
  const script = `const { validateCommand } = await import(${JSON.stringify(resolve("src/cli/validate.ts"))});
    for (const name of ["file/find-config-file", "file/read-file", "load", "file/places"]) {
      await import(${JSON.stringify(resolve("src/config"))} + "/" + name + ".ts");
    }
    await import(${JSON.stringify(resolve("node_modules/toml-eslint-parser"))});
    if (process.getuid() === 0) process.seteuid(65534);
    await validateCommand().parseAsync(["-c", ${JSON.stringify(join(folder, "closed.toml"))}], { from: "user" });`;
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: folder, stdout: "pipe", stderr: "pipe" });

  const [stdout, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);

  expect(code).toBe(77);
  expect(stdout).toContain("closed.toml cannot be read by this user\n");
});

test("$AKPROXY_CONFIG and ./akproxy.toml are found without a flag", async () => {
  write("akproxy.toml", good);

  expect((await validate([])).stdout).toBe("./akproxy.toml: valid, 1 provider\n");
  expect((await validate([], { AKPROXY_CONFIG: "two.toml" })).stdout).toBe("two.toml: valid, 2 providers\n");
});

test("an unknown format is a usage error", async () => {
  const { code, stderr } = await validate(["--format", "xml"]);

  expect(code).toBe(2);
  expect(stderr).toContain('--format: "xml" is not one of text, json, github');
});

test("CFG-05, LEAK-08: a secret in a world-readable file is a warning, fails with --strict, and no format shows it", async () => {
  const text = await validate(["-c", "secret.toml", "--strict"]);
  const json = await validate(["-c", "secret.toml", "--format", "json"]);
  const github = await validate(["-c", "secret.toml", "--format", "github"]);

  expect(text.stdout).toStartWith(
    "secret.toml:4:17: warning: oidc.client_secret: the secret is in secret.toml, which other users can read (mode 0644)\n",
  );
  expect(text.code).toBe(1);
  expect(JSON.stringify([text, json, github])).not.toContain("canary-4f1d");
});

test("TLS-01: validate refuses an environment that turns certificate checks off", async () => {
  const { code, stdout } = await validate(["-c", "good.toml"], { NODE_TLS_REJECT_UNAUTHORIZED: "0" });

  expect(code).toBe(1);
  expect(stdout).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns off every certificate check");
});

test("the help ends with two examples", async () => {
  const { stdout } = await validate(["--help"]);

  expect(stdout.trimEnd().split("\n").slice(-3)).toEqual([
    "Examples:",
    "  akproxy validate",
    "  akproxy validate -c akproxy.toml --strict --format github",
  ]);
});
