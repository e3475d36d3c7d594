import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAkproxy } from "../fakes/run-akproxy.ts";
import { leastConfig } from "../fakes/sample-config.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "akproxy-formats-"));
  writeFileSync(join(folder, "bad.toml"), `${leastConfig}skip_path_regex = "health"\nmod = "a"\nsend_jwt = 3\n`);
  writeFileSync(join(folder, "a,b:100%.toml"), `${leastConfig}"50% a:b,c" = 1\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function validate(args: readonly string[]) {
  return runAkproxy(["validate", ...args], { cwd: folder });
}

test("--format json has stable fields", async () => {
  const { code, stdout } = await validate(["-c", "bad.toml", "--format", "json"]);

  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    file: "bad.toml",
    valid: false,
    problems: [
      {
        severity: "warning",
        path: "providers.app.skip_path_regex",
        message: 'pattern "health" is not anchored: it also matches in the middle of a path, as in "/admin/…"',
        hint: "start it with ^",
        file: "bad.toml",
        line: 8,
        column: 20,
      },
      {
        severity: "error",
        path: "providers.app.mod",
        message: "is not a key that akproxy knows",
        hint: 'did you mean "mode"?',
        file: "bad.toml",
        line: 9,
        column: 1,
      },
      {
        severity: "error",
        path: "providers.app.send_jwt",
        message: "must be true or false, not a number",
        hint: null,
        file: "bad.toml",
        line: 10,
        column: 12,
      },
    ],
  });
});

test("--format github is workflow commands, escaped", async () => {
  const { code, stdout } = await validate(["-c", "a,b:100%.toml", "--format", "github"]);

  expect(code).toBe(1);
  expect(stdout.split("\n")[0]).toStartWith(
    '::error file=a%2Cb%3A100%25.toml,line=8,col=1,title=akproxy%3A providers.app."50%25 a%3Ab%2Cc"::is not a key that akproxy knows%0Ahint: use one of: ',
  );
  expect(stdout.split("\n")[1]).toBe("a,b:100%.toml: 1 error");
});
