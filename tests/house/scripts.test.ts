import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLeftOut } from "../fakes/left-out.ts";

let clone = "";
let bare = "";

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "akproxy-house-"));
  bare = join(clone, "bin");
  mkdirSync(join(clone, "scripts"));
  mkdirSync(bare);
  copyFileSync("scripts/setup", join(clone, "scripts/setup"));
  copyFileSync("package-lock.json", join(clone, "package-lock.json"));
  for (const tool of ["bash", "dirname", "uname"]) symlinkSync(Bun.which(tool) ?? "", join(bare, tool));
});
afterAll(() => rmSync(clone, { recursive: true }));

test("set-up on a machine with neither npm nor Bun says what to install", () => {
  const setup = Bun.spawnSync([join(clone, "scripts/setup")], { env: { PATH: bare } });

  expect(setup.exitCode).toBe(1);
  expect(setup.stdout.toString()).toBe("");
  expect(setup.stderr.toString()).toBe(
    'akproxy: error: neither Node.js with npm nor Bun is on the PATH\nakproxy: hint: install one of them: "apt-get install npm", https://nodejs.org or https://bun.sh\n',
  );
});

test("set-up on a machine that is set up prints the Bun to use and nothing else, from any directory", () => {
  const setup = Bun.spawnSync([join(process.cwd(), "scripts/setup")], { cwd: tmpdir() });

  expect(setup.stdout.toString()).toBe(`${process.cwd()}/node_modules/.bin/bun\n`);
  expect(setup.stderr.toString()).toBe("");
});

test("the systemd unit leaves Bun its JIT compiler and gives a drain its time", async () => {
  const unit = await Bun.file("scripts/akproxy.service").text();

  expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
  expect(Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1])).toBeGreaterThan(30);
  expect(unit).toMatch(/^RestartPreventExitStatus=.*\b78\b/m);
});

test("systemd understands the unit", () => {
  const analyze = Bun.which("systemd-analyze");
  if (analyze === null) {
    isLeftOut("the check of scripts/akproxy.service", "systemd-analyze is not installed");
    return;
  }

  const verify = Bun.spawnSync([analyze, "verify", "scripts/akproxy.service"]);

  const complaints = verify.stderr
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !line.includes("/usr/local/bin/akproxy is not executable"));
  expect(complaints).toEqual([]);
});
