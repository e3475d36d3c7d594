import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";

let folder = "";
let config = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-snippet-"));
  config = join(folder, "akproxy.toml");
  writeFileSync(config, configText('http = "127.0.0.1:9001"'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function configText(listen: string): string {
  return `[listen]\n${listen}\n[oidc]\nissuer = "https://idp.test/"\nclient_id = "akproxy"\nclient_secret = "secret-of-the-client"
[providers.app]\nmode = "forward_single"\nexternal_host = "https://app.test"\n`;
}

async function run(...args: readonly string[]) {
  return runAkproxy(["snippet", ...args]);
}

test("one file is printed as it is, with akproxy's address from listen.http and no secret", async () => {
  const { code, stdout, stderr } = await run("nginx", "app", "-c", config);

  expect(code).toBe(0);
  expect(stderr).toBe("");
  expect(stdout).toStartWith('# nginx in front of akproxy: provider "app", mode forward_single, https://app.test\n');
  expect(stdout).toContain("proxy_pass http://127.0.0.1:9001/outpost.goauthentik.io/auth/nginx;");
  expect(stdout).not.toContain("secret-of-the-client");
});

test("several files are printed with their names, and --file prints one of them alone", async () => {
  const all = await run("haproxy", "app", "-c", config);
  const lua = await run("haproxy", "app", "-c", config, "--file", "akproxy-app.lua");

  expect(all.stdout.match(/^# file: .*$/gm)).toEqual(["# file: akproxy-app.cfg", "# file: akproxy-app.lua"]);
  expect(all.stderr).toBe(
    "akproxy: warning: these are 2 files\nakproxy: hint: print only one with: --file akproxy-app.cfg\n",
  );
  expect(lua.stdout).toStartWith("-- the Lua file of haproxy in front of akproxy");
  expect(lua.stderr).toBe("");
});

test("--json has the files whole", async () => {
  const { files } = JSON.parse((await run("traefik", "app", "-c", config, "--complete", "--json")).stdout);

  expect(files.map((file: { readonly name: string }) => file.name)).toEqual(["traefik.yml", "akproxy-app.yml"]);
});

test("options stand in the config", async () => {
  const { stdout } = await run(
    ...["nginx", "app", "-c", config, "--outpost", "http://akproxy:9000", "--upstream", "http://10.0.0.5"],
    ...["--listen", "http://127.0.0.1:8081", "--copy-header", "X-Team"],
  );

  expect(stdout).toContain("listen 127.0.0.1:8081;");
  expect(stdout).toContain("proxy_pass http://akproxy:9000;");
  expect(stdout).toContain("proxy_pass http://10.0.0.5:80;");
  expect(stdout).toContain("proxy_set_header X-Team $akproxy_x_team;");
});

test.each([
  [["nginx", "other"], 'provider "other" is not in the config'],
  [["nginx", "app", "--variant", "labels"], '--variant: nginx has no "labels"'],
  [["nginx", "app", "--outpost", "https://akproxy"], '--outpost: "https://akproxy" is not http://HOST[:PORT]'],
  [["nginx", "app", "--upstream", "http://a/b"], '--upstream: "http://a/b" is not http://HOST[:PORT]'],
  [["nginx", "app", "--listen", "127.0.0.1"], '--listen: "127.0.0.1" is not PORT or HOST:PORT'],
  [["nginx", "app", "--listen", "0"], '--listen: "0" is not PORT or HOST:PORT'],
  [["nginx", "app", "--listen", "a b:80"], '--listen: "a b:80" is not PORT or HOST:PORT'],
  [["nginx", "app", "--host", "a.test;b"], '--host: "a.test;b" is not a host name'],
  [["nginx", "app", "--host", "a.test:80"], '--host: "a.test:80" is not a host name'],
  [["nginx", "app", "--copy-header", "X-A;\n"], "is not a name of letters, digits and dashes"],
  [["nginx", "app", "--certificate", "/a b.pem"], '--certificate: "/a b.pem" holds more than letters'],
  [["nginx", "app", "--file", "none"], '--file: there is no "none"'],
])("what can't be answered is refused with exit 2, and nothing is printed: %j", async (args, message) => {
  const { code, stdout, stderr } = await run(...args, "-c", config);

  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stdout).toBe("");
});

test("a listener that is a socket has no address to print: --outpost names one", async () => {
  const socket = join(folder, "socket.toml");
  writeFileSync(socket, configText('http = "unix:/run/akproxy.sock"'));

  const without = await run("caddy", "app", "-c", socket);
  const named = await run("caddy", "app", "-c", socket, "--outpost", "http://127.0.0.1:9000");

  expect(without.code).toBe(2);
  expect(without.stderr).toContain("listen.http: is off or a socket");
  expect(named.code).toBe(0);
});

test("an unusable config is 78, and one that is not there 74", async () => {
  const bad = join(folder, "bad.toml");
  writeFileSync(bad, "nonsense = 1\n");

  expect((await run("nginx", "app", "-c", bad)).code).toBe(78);
  expect((await run("nginx", "app", "-c", join(folder, "none.toml"))).code).toBe(74);
});
