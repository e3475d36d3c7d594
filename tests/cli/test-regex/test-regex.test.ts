import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../../fakes/run-akproxy.ts";
import { leastConfig } from "../../fakes/sample-config.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-test-regex-"));
  const config = `${leastConfig}skip_path_regex = ["^/public/", "^/api/"]
protect_path_regex = "^/api/private"
[providers.lab]
mode = "proxy"
external_host = "https://lab.company"
internal_host = "http://127.0.0.1:8081"
skip_path_regex = "^/lab/"
`;
  write("two.toml", config);
  write("one.toml", config.slice(0, config.indexOf("[providers.lab]")));
  write("bad.toml", config.replace("^/public/", "^/(?!x)"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o600);
}

async function testRegex(...args: readonly string[]) {
  return runAkproxy(["test-regex", ...args], { cwd: folder });
}

interface Row {
  readonly url: string;
  readonly searched: string;
  readonly pattern: string | null;
  readonly verdict: string;
  readonly reason: string;
}

async function rows(...args: readonly string[]): Promise<readonly Row[]> {
  return JSON.parse((await testRegex("--json", ...args)).stdout).results;
}

test("a public URL: the searched string, the pattern, the verdict, exit 0", async () => {
  expect(await testRegex("--pattern", "^/public/", "https://app.company/public/a?b=c")).toEqual({
    code: 0,
    stdout:
      "https://app.company/public/a?b=c\n  searched  /public/a\n  pattern   ^/public/\n  verdict   public: the pattern matches\n",
    stderr: "",
  });
});

test("one URL that needs a login makes the exit code 1, and each URL has its block", async () => {
  expect(await testRegex("--pattern", "^/public/", "/public/a", "/private")).toEqual({
    code: 1,
    stdout:
      "/public/a\n  searched  /public/a\n  pattern   ^/public/\n  verdict   public: the pattern matches\n\n" +
      "/private\n  searched  /private\n  pattern   none\n  verdict   needs login: no pattern matches\n",
    stderr: "",
  });
});

test.each([
  ["PATH-02", "/public/../admin", "/public/../admin", "contains a dot segment"],
  ["PATH-02", "/public/%2e%2e/admin", "/public/../admin", "contains a dot segment"],
  ["PATH-03", "/public%2f..%2fadmin", "/public/../admin", "contains an encoded slash"],
  ["PATH-04", "/public/%252e%252e/admin", "/public/%2e%2e/admin", "contains a double encoding"],
  ["PATH-06", "/public/..;/admin", "/public/..;/admin", "contains dots beside a semicolon"],
  ["PATH-19", "/public/%zz", "/public/%zz", "contains a bad percent-escape"],
])("%s: %s is never public, with the reason", async (_, url, searched, reason) => {
  expect(await rows("--pattern", "^/public", url)).toEqual([
    {
      url,
      searched,
      pattern: "^/public",
      verdict: "login",
      reason: `the path ${reason}, so it is never public`,
    },
  ]);
});

test("PATH-07: path mode ignores the query", async () => {
  expect(await rows("--pattern", "/status$", "/private?x=/status")).toMatchObject([
    { searched: "/private", pattern: null, verdict: "login" },
  ]);
});

test("PATH-13: in domain level the whole URL is searched, its host in lower case and without a default port", async () => {
  const args = ["--mode", "forward_domain", "--pattern", "^https://public\\.corp\\.test/"] as const;

  expect(
    await rows(
      ...args,
      "https://PUBLIC.corp.test:443/a?b",
      "https://public.corp.test./a",
      "https://evil.test/?u=https://public.corp.test/",
    ),
  ).toMatchObject([
    { searched: "https://public.corp.test/a?b", verdict: "public" },
    { searched: "https://public.corp.test/a", verdict: "public" },
    { searched: "https://evil.test/?u=https://public.corp.test/", verdict: "login" },
  ]);
});

test("spaces and letters outside ASCII are encoded as a browser does, and a fragment is left out", async () => {
  expect(await rows("--pattern", "^/straße/a b$", "https://app.company/straße/a b#top")).toMatchObject([
    { searched: "/straße/a b", verdict: "public" },
  ]);
});

test("PATH-10: invalid patterns are shown with Go's message, a caret under the offset and a hint, exit 1", async () => {
  expect(await testRegex("--pattern", "^/api/(?!private)", "--pattern", "^/日本[z-a]", "/x")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      'akproxy: error: pattern "^/api/(?!private)": error parsing regexp: invalid or unsupported Perl syntax: `(?!` at offset 6\n' +
      "  ^/api/(?!private)\n        ^\n" +
      'akproxy: hint: list the public prefixes instead, or put what must stay closed into protect_path_regex, for example "^/api/private"\n' +
      'akproxy: error: pattern "^/日本[z-a]": error parsing regexp: invalid character class range: `z-a` at offset 5\n' +
      "  ^/日本[z-a]\n         ^\n" +
      "akproxy: hint: patterns are Go's RE2 syntax: https://github.com/google/re2/wiki/Syntax\n",
  });
});

test("PATH-09: a pattern that is wider than it looks gets a warning, and is still tested", async () => {
  expect(await testRegex("--pattern", "health", "/admin/health")).toEqual({
    code: 0,
    stdout: "/admin/health\n  searched  /admin/health\n  pattern   health\n  verdict   public: the pattern matches\n",
    stderr:
      'akproxy: warning: pattern "health" has no "^" at its start, so it matches anywhere: "/admin/health" too\n' +
      'akproxy: hint: write "^/health" if you mean the start of the path\n',
  });
});

test("JSON holds results, lints and errors", async () => {
  const good = await testRegex("--json", "--pattern", "health", "/health");
  const bad = await testRegex("--json", "--pattern", "^/[", "/health");

  expect(good.code).toBe(0);
  expect(good.stderr).toBe("");
  expect(JSON.parse(good.stdout)).toMatchObject({
    results: [{ url: "/health", verdict: "public" }],
    lints: [{ pattern: "health", kind: "unanchored" }],
    errors: [],
  });
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout).errors).toMatchObject([
    { pattern: "^/[", message: "error parsing regexp: missing closing ]: `[`", offset: 2 },
  ]);
});

test("a control character in a URL or a pattern does not reach the terminal", async () => {
  const { stdout, stderr } = await testRegex("--pattern", "\u001b[31mred", "/\u001b[31mred");

  expect(stdout + stderr).not.toContain("\u001b");
});

test("patterns of a provider: the first match counts, protect_path_regex wins, and a single provider needs no --provider", async () => {
  expect(await rows("-c", "one.toml", "/public/a", "/api/x", "/api/private/x", "/")).toMatchObject([
    { pattern: "^/public/", verdict: "public" },
    { pattern: "^/api/", verdict: "public" },
    { pattern: "^/api/private", verdict: "login", reason: "protect_path_regex wins over skip_path_regex" },
    { pattern: null, verdict: "login", reason: "no pattern matches" },
  ]);
});

test("--provider chooses between two providers", async () => {
  expect(await rows("-c", "two.toml", "--provider", "lab", "/lab/x", "/public/x")).toMatchObject([
    { verdict: "public" },
    { verdict: "login" },
  ]);
});

test.each([
  [["/x"], "--provider: the config has several providers"],
  [["--provider", "nope", "/x"], '--provider: "nope" is not in the config'],
])("two providers and %p: exit 2, and the hint names them", async (args, message) => {
  expect(await testRegex("-c", "two.toml", ...args)).toEqual({
    code: 2,
    stdout: "",
    stderr: `akproxy: error: ${message}\nakproxy: hint: the config has: app, lab\n`,
  });
});

test.each([
  [["--pattern", "a", "no-url"], '"no-url" is neither a URL nor a path'],
  [["--pattern", "a", "https://a b/"], 'URL "https://a b/" has no valid host'],
  [["--pattern", "a", "https://user@host/"], 'URL "https://user@host/" has no valid host'],
  [["--pattern", "a", "--mode", "forward_domain", "/x"], 'path "/x" alone cannot be tested in domain level'],
  [["--pattern", "a", "--provider", "app", "/x"], "--pattern excludes --provider and --config"],
  [["--mode", "proxy", "/x"], "--mode needs --pattern"],
  [["--pattern", "a"], "missing required argument 'url'"],
])("%p is a usage error, exit 2", async (args, message) => {
  const { code, stdout, stderr } = await testRegex(...args);

  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});

test("an invalid or missing config has the exit codes of serve", async () => {
  const bad = await testRegex("-c", "bad.toml", "--provider", "app", "/x");
  const absent = await testRegex("-c", "nowhere.toml", "/x");

  expect(bad.code).toBe(78);
  expect(bad.stderr).toContain("invalid or unsupported Perl syntax: `(?!`");
  expect(absent.code).toBe(74);
});

test("help ends with two examples", async () => {
  const { stdout, code } = await testRegex("--help");

  expect(code).toBe(0);
  expect(stdout.trim().split("\n").slice(-3)).toEqual([
    "Examples:",
    "  akproxy test-regex --provider app /health https://app.company/api/users",
    "  akproxy test-regex --pattern '^/public/' --pattern '(?i)^/health$' /public/../admin /HEALTH",
  ]);
});
