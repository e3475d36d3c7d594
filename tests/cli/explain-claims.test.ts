import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-explain-claims-"));
beforeAll(() =>
  writeFileSync(
    join(folder, "akproxy.toml"),
    `
state_dir = "${folder}/state"
[oidc]
issuer = "https://idp.company.test/"
client_id = "akproxy"
client_secret = "canary-client-secret"
[providers.app]
mode = "proxy"
external_host = "https://app.company.test"
internal_host = "http://127.0.0.1:8080"
basic_auth_enabled = true
basic_auth_password_attribute = "pw"
allow = { groups = ["ops"], emails = ["x@company.test"], claims = { department = ["it", "ops"] } }
[[providers.app.rules]]
path_regex = "^/hr"
allow = { claims = { "realm_access.roles" = ["hr"] } }
[providers.app.ak_proxy]
backend_override = "http://foo.test/{preferred_username}"
backend_override_hosts = ["foo.test"]
host_header = "{internal_host}"
[providers.app.ak_proxy.user_attributes]
pw = "canary-password"
[providers.app.ak_proxy.user_attributes.additionalHeaders]
X-Department = "{department}"
`,
    { mode: 0o600 },
  ),
);
afterAll(() => rmSync(folder, { recursive: true }));

async function explain(...args: readonly string[]) {
  return runAkproxy(["explain", ...args], { cwd: folder });
}

test("a claim that is given decides, and the entry of allow is named", async () => {
  const { stdout, stderr } = await explain(
    "/x",
    "--as",
    "alice",
    "--claim",
    "department=dev",
    "--claim",
    "department=it",
  );

  expect(stderr).toBe("");
  expect(stdout).toContain('verdict   allowed: allow decides, by claim department "it"');
});

test("the request goes to the user's upstream by ak_proxy, with the headers of ak_proxy, and without a secret", async () => {
  const { stdout } = await explain("/x", "--as", "alice", "--email", "a@b.test", "--claim", "department=it");

  expect(stdout).toContain("to the upstream: GET /alice/x to http://foo.test\n");
  expect(stdout).toContain("\n  Host: foo.test\n");
  expect(stdout).toContain("\n  X-Department: it\n");
  expect(stdout).toContain("\n  Authorization: (hidden, ");
  expect(stdout).not.toContain("canary");
});

test("a rule that allows by a claim is shown with the claim and its values", async () => {
  const { stdout } = await explain("/x", "--as", "alice");

  expect(stdout).toContain("\n  rules     1  allow realm_access.roles = hr: for another path\n");
});

test("without the claim the verdict is denied, and the claims that a login would lack are listed", async () => {
  const { stdout, stderr, code } = await explain("/x", "--as", "alice");

  expect(code).toBe(0);
  expect(stdout).toMatch(
    /verdict {3}denied: allow decides; it lists neither the user nor one of the\s+user's groups or claims/,
  );
  expect(stderr).toContain('claim "department" is missing or empty');
  expect(stderr).toContain("--claim NAME=VALUE");
});

test("a rule on a claim is named by its number", async () => {
  const { stdout } = await explain(
    "/hr",
    "--as",
    "alice",
    "--claim",
    "department=it",
    "--claim",
    "realm_access.roles=hr",
  );
  const other = await explain("/hr", "--as", "bob", "--claim", "department=it");

  expect(stdout).toContain('verdict   allowed: rule 1 decides, by claim realm_access.roles "hr"');
  expect(other.stdout).toContain("verdict   denied: rule 1 decides");
});

test.each([["department"], ["=it"]])("--claim %s is not NAME=VALUE", async (claim) => {
  const { stderr, code } = await explain("/x", "--claim", claim);

  expect(code).toBe(2);
  expect(stderr).toContain(`--claim: "${claim}" is not NAME=VALUE`);
});

test("--claim and --cookie both name the user", async () => {
  expect((await explain("/x", "--claim", "a=b", "--cookie", "x")).code).toBe(2);
});
