import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, parseConfigText } from "../../../src/config/load.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { configText, goodEnv, lineOf, problemLines } from "../problem-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "akproxy-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function sessionsOf(store: string) {
  const top = `state_dir = "/state"\n[sessions]\nstore = "${store}"`;
  const { config } = await parseConfigText(configText({ top }), { file: "/etc/akproxy/config.toml", env: goodEnv });
  return config?.sessions;
}

function written(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text, { mode });
  return name;
}

async function loaded(text: string) {
  return await loadConfig({ file: join(folder, written("config.toml", text)), env: goodEnv });
}

test("decision 21: sqlite is in state_dir, a named file is relative to the config file, memory has no file", async () => {
  expect(await sessionsOf("sqlite")).toEqual({ kind: "sqlite", file: "/state/sessions.sqlite" });
  expect(await sessionsOf("sqlite:s.db")).toEqual({ kind: "sqlite", file: "/etc/akproxy/s.db" });
  expect(await sessionsOf("memory")).toEqual({ kind: "memory" });
});

test.each([
  ["redis://redis", "redis://redis", "redis://redis:6379", "akproxy:"],
  ["redis://:pass@10.0.0.1:6380/3", "redis://:pass@10.0.0.1:6380/3", "redis://10.0.0.1:6380/3", "akproxy:"],
  ["rediss://user:p%40ss@[::1]/0?prefix=a:b:", "rediss://user:p%40ss@[::1]/0", "rediss://[::1]:6379/0", "a:b:"],
])(
  "a Redis, %s, keeps its password in the URL, and the place to show has none",
  async (store, url, place, keyPrefix) => {
    expect(await sessionsOf(store)).toEqual({ kind: "redis", url, place, keyPrefix, certificateAuthorities: null });
  },
);

test.each([
  ["postgres://ak:pass@db/akproxy", "disable", "postgres://db:5432/akproxy"],
  ["postgresql://ak:pass@db:5433/akproxy?sslmode=verify-full", "verify-full", "postgres://db:5433/akproxy"],
])("a PostgreSQL, %s, keeps its password in the URL, and the place to show has none", async (store, tlsMode, place) => {
  const sessions = await sessionsOf(store);

  expect(sessions).toMatchObject({ kind: "postgres", tlsMode, place, certificateAuthorities: null });
  expect(sessions?.kind === "postgres" ? sessions.url : "").toBe(
    place.replace("://", "://ak:pass@").replace(":5432", ""),
  );
});

test.each([
  ["mysql://x", "is not a session store"],
  ["redis:", "is not a session store"],
  ["redis+sentinel://a", "is not a session store"],
  ["redis-cluster://a", "is not a session store"],
  ["redis://:canary@", "is not a URL"],
  ["redis://:canary@redis/zero", "has a database that is not a number"],
  ["redis://:canary/x@redis", "is not a URL"],
  ["redis://:ca#nary@redis", "is not a URL"],
  ["redis://canary@redis#x", "has a fragment"],
  ["redis://canary@redis?prefix=a*", "has a prefix that is not 1 to 64 of A-Z a-z 0-9 _ : . -"],
  ["redis://canary@redis?password=x", "has an unknown parameter"],
  ["redis://canary@redis?ca_file=x.pem", "has a ca_file but no TLS"],
  ["postgres://u:canary@db", "has no database"],
  ["postgres://db/akproxy", "has no user name"],
  ["postgres://u:canary@db/a?sslmode=prefer", "has an sslmode that is not supported"],
  ["postgres://u:canary@db/a?ca_file=x.pem", "has a ca_file but does not verify the certificate"],
])("sessions.store = %j is an error, and the value is not shown", async (store, message) => {
  const top = `[sessions]\nstore = "${store}"`;
  const { config, problems } = await parseConfigText(configText({ top }), { file: "/a.toml", env: goodEnv });

  expect(problems.map(lineOf)).toEqual([`2:9 error sessions.store: ${message}`]);
  expect(config).toBeNull();
  expect(JSON.stringify(problems)).not.toContain("nary");
});

test("CFG-05: the URL may come from a file; both keys at once are an error", async () => {
  written("url", "redis://:canary@redis:6379/1\n");
  written("bad", "redis://:canary@redis:6379/one\n");

  const good = await loaded(configText({ top: '[sessions]\nstore_file = "url"' }));
  const bad = await loaded(configText({ top: '[sessions]\nstore_file = "bad"' }));
  const both = await loaded(configText({ top: '[sessions]\nstore_file = "url"\nstore = "sqlite"' }));
  const none = await loaded(configText({ top: '[sessions]\nstore_file = "nowhere"' }));

  expect(good.problems).toEqual([]);
  expect(good.config?.sessions).toMatchObject({ kind: "redis", url: "redis://:canary@redis:6379/1" });
  expect(bad.problems.map(lineOf)).toEqual(["2:14 error sessions.store_file: has a database that is not a number"]);
  expect(both.problems.map(lineOf)).toEqual(["2:14 error sessions.store_file: store and store_file are both given"]);
  expect(none.problems.map(lineOf)).toEqual([
    `2:14 error sessions.store_file: the file ${join(folder, "nowhere")} does not exist`,
  ]);
  expect(JSON.stringify([bad.problems, both.problems])).not.toContain("canary");
});

test("CFG-05: a password in a config file that other users can read gives a warning; a store without a password, or from a variable, does not", async () => {
  const shared = async (store: string, name: string) => {
    const text = configText({ top: `[sessions]\nstore = "${store}"` });
    const { problems } = await loadConfig({
      file: join(folder, written(name, text, 0o644)),
      env: { ...goodEnv, STORE: "redis://:canary@redis" },
    });
    return problems.map(({ severity, path }) => `${severity} ${path}`);
  };

  expect(await shared("redis://:canary@redis", "inline.toml")).toEqual(["warning sessions.store"]);
  expect(await shared("redis://redis", "open.toml")).toEqual([]);
  expect(await shared(`\${STORE}`, "variable.toml")).toEqual([]);
});

test("the authorities of a store are read from ca_file", async () => {
  const { certificatePem } = makeSelfSigned({ names: ["redis"], days: 2, now: 1_700_000_000 });
  written("ca.pem", certificatePem);
  const with_ = async (store: string) => (await loaded(configText({ top: `[sessions]\nstore = "${store}"` }))).config;

  expect((await with_("rediss://redis?ca_file=ca.pem"))?.sessions).toMatchObject({
    certificateAuthorities: certificatePem,
  });
  expect((await with_("postgres://u@db/a?sslmode=verify-full&ca_file=ca.pem"))?.sessions).toMatchObject({
    certificateAuthorities: certificatePem,
  });
  expect(
    await problemLines(configText({ top: '[sessions]\nstore = "rediss://redis?ca_file=/nowhere.pem"' }), goodEnv),
  ).toEqual(["2:9 error sessions.store: the file /nowhere.pem does not exist"]);
});
