import { expect, test } from "bun:test";
import packageJson from "../../package.json" with { type: "json" };
import packageLock from "../../package-lock.json" with { type: "json" };

const named = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies });

test("SUP-01: every dependency is one exact version from the registry", () => {
  const inexact = named.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));

  expect(inexact).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

test("SUP-01: the lock file is of this package.json, and each package in it has a checksum", () => {
  const { dependencies, devDependencies } = packageLock.packages[""];
  const locked: Readonly<Record<string, { readonly version: string; readonly integrity?: string }>> =
    packageLock.packages;
  const unchecked = Object.entries(locked).filter(([path, entry]) => path !== "" && entry.integrity === undefined);

  expect(dependencies).toEqual(packageJson.dependencies);
  expect(devDependencies).toEqual(packageJson.devDependencies);
  expect(unchecked).toEqual([]);
});

test("SUP-01: there is one lock file, npm's", () => {
  const tracked = Bun.spawnSync(["git", "ls-files", "--", "bun.lock", "bun.lockb", "yarn.lock", "pnpm-lock.yaml"]);

  expect(tracked.stdout.toString()).toBe("");
});

test("SUP-01: set-up runs no package's install script", async () => {
  const setup = await Bun.file("scripts/setup").text();
  const installs = setup.split("\n").filter((line) => /^\s*(npm ci|bun install)/.test(line));

  expect(installs.length).toBe(2);
  expect(installs.filter((line) => !line.includes("--ignore-scripts"))).toEqual([]);
});

test.each([
  ["elysia", "1.4.29"], // CVE-2025-66457, CVE-2026-30837, CVE-2026-31865
  ["jose", "5.0.0"],
])("SUP-02: the installed %s is at least %s", async (name, floor) => {
  const installed: { readonly version: string } = await Bun.file(`node_modules/${name}/package.json`).json();

  expect(Bun.semver.order(installed.version, floor)).toBeGreaterThanOrEqual(0);
});

test("SUP-02: the Bun that runs this is at least 1.4.5, and is the one that package.json names", () => {
  expect(Bun.semver.order(Bun.version, "1.4.5")).toBeGreaterThanOrEqual(0);
  expect(Bun.version).toBe(packageJson.devDependencies.bun);
});
