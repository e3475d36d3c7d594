import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrMakeSecrets, readSecrets, secretPath } from "../../src/sessions/secret-file.ts";
import { storeExitCode } from "../../src/sessions/store-failure.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-secret-"));
afterAll(() => rmSync(root, { recursive: true }));

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (thrown) {
    return thrown;
  }
  return null;
}

test("the config's secrets are used as they are, and no file is created", () => {
  const stateDir = join(root, "unused");

  expect(loadOrMakeSecrets(["new", "old"], stateDir, randomBytes)).toEqual({ secrets: ["new", "old"], warnings: [] });
  expect(existsSync(stateDir)).toBe(false);
});

test("SES-11: a secret of 256 bits is created once, in a file of mode 0600 in a directory of mode 0700, whatever the umask", () => {
  const stateDir = join(root, "made", "deep");
  const umask = process.umask(0);

  const first = loadOrMakeSecrets(null, stateDir, randomBytes);
  process.umask(umask);
  const second = loadOrMakeSecrets(null, stateDir, randomBytes);

  expect(first.secrets[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(second).toEqual(first);
  expect(readFileSync(secretPath(stateDir), "utf8")).toBe(`${first.secrets[0]}\n`);
  expect((statSync(secretPath(stateDir)).mode & 0o777).toString(8)).toBe("600");
  expect((statSync(stateDir).mode & 0o777).toString(8)).toBe("700");
  expect(readdirSync(stateDir)).toEqual(["secret.key"]);
});

test("reading creates nothing: without a file there is no secret, no directory and no error", () => {
  const stateDir = join(root, "looked-at");

  expect(readSecrets(null, stateDir)).toBeNull();

  expect(existsSync(stateDir)).toBe(false);
});

test("processes that start together use one secret", async () => {
  const stateDir = join(root, "together");
  const script = `
    import { randomBytes } from "node:crypto";
    import { loadOrMakeSecrets } from "./src/sessions/secret-file.ts";
    process.stdout.write(loadOrMakeSecrets(null, process.argv.at(-1), randomBytes).secrets[0]);
  `;

  const secrets = await Promise.all(
    Array.from({ length: 8 }, () => new Response(Bun.spawn([process.execPath, "-e", script, stateDir]).stdout).text()),
  );

  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toHaveLength(43);
  expect(readdirSync(stateDir)).toEqual(["secret.key"]);
});

test("CFG-05: a secret that others can read is used, with a warning that names the file", () => {
  const stateDir = join(root, "readable");
  loadOrMakeSecrets(null, stateDir, randomBytes);
  chmodSync(secretPath(stateDir), 0o640);

  const { secrets, warnings } = loadOrMakeSecrets(null, stateDir, randomBytes);

  expect(secrets.length).toBe(1);
  expect(warnings).toEqual([`secret "${secretPath(stateDir)}" can be read by other users; run chmod 600 on it`]);
});

test("CFG-04: an empty or short secret file is refused by name, without its text", () => {
  const stateDir = join(root, "short");
  mkdirSync(stateDir);
  writeFileSync(secretPath(stateDir), `${"canary".repeat(5)}\n`);

  const thrown = thrownBy(() => loadOrMakeSecrets(null, stateDir, randomBytes));

  expect(thrown).toMatchObject({ code: "store_unavailable", message: expect.stringContaining(secretPath(stateDir)) });
  expect(String(thrown)).not.toContain("canary");
});

test("SES-11: a secret file that is a symbolic link, and a world-writable state directory, are refused with 77", () => {
  const linked = join(root, "linked");
  mkdirSync(linked);
  writeFileSync(join(root, "elsewhere"), "x".repeat(40));
  symlinkSync(join(root, "elsewhere"), secretPath(linked));
  const everybodys = join(root, "everybodys");
  mkdirSync(everybodys);
  chmodSync(everybodys, 0o777);

  const thrown = [linked, everybodys].map((dir) => thrownBy(() => loadOrMakeSecrets(null, dir, randomBytes)));

  expect(thrown[0]).toMatchObject({ message: expect.stringContaining(`"${secretPath(linked)}" is a symbolic link`) });
  expect(thrown[1]).toMatchObject({ message: expect.stringContaining(`"${everybodys}" is writable by everybody`) });
  expect(thrown.map(storeExitCode)).toEqual([77, 77]);
});

test("a state directory that cannot be made is a Failure that names it, with 74", () => {
  writeFileSync(join(root, "a-file"), "");

  const thrown = thrownBy(() => loadOrMakeSecrets(null, join(root, "a-file", "state"), randomBytes));

  expect(thrown).toMatchObject({ code: "store_unavailable", message: expect.stringContaining(join(root, "a-file")) });
  expect(storeExitCode(thrown)).toBe(74);
});
