import { afterAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CookieReport, cookieReports, givenCookies } from "../../../src/cli/cookie/cookie-report.ts";
import { cookieReportJson, cookieReportText, spanText } from "../../../src/cli/cookie/cookie-report-text.ts";
import { parseConfigText } from "../../../src/config/load.ts";
import { loginCookieName } from "../../../src/core/identity/login-attempt.ts";
import type { Session } from "../../../src/core/session.ts";
import { openKeys } from "../../../src/seal/keys.ts";
import { sealLoginAttempt, stateDigest } from "../../../src/seal/login-attempt.ts";
import { sealSessionCookie } from "../../../src/seal/session-cookie.ts";
import { memoryRows } from "../../../src/sessions/memory.ts";
import { openSessions } from "../../../src/sessions/open.ts";
import { sealedSessions } from "../../../src/sessions/sealed-sessions.ts";
import { loadOrMakeSecrets } from "../../../src/sessions/secret-file.ts";
import { idOf, sessionOf } from "../../contract/session-store.ts";
import { runAkproxy } from "../../fakes/run-akproxy.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-decode-"));
afterAll(() => rmSync(root, { recursive: true }));

const secret = "a secret of the outpost, long enough";
const keys = openKeys(["another secret, as long as the first", secret]);
const oldKeys = openKeys([secret]);
const id = idOf("abcdefghSECRET");

function configText(outpost: string): string {
  return `
    state_dir = "./state"
    [outpost]
    ${outpost}
    [oidc]
    issuer = "https://idp.test/"
    client_id = "akproxy"
    [providers.app]
    mode = "proxy"
    external_host = "https://app.test"
    internal_host = "http://127.0.0.1:1"
    [providers.wiki]
    mode = "proxy"
    external_host = "https://wiki.test"
    internal_host = "http://127.0.0.1:1"
  `;
}

const { config } = await parseConfigText(configText(""), { file: join(root, "akproxy.toml"), env: {} });
if (config === null) throw new Error("the config of this test is broken");
const providers = config.providers;

interface World {
  readonly now?: number;
  readonly sessions?: readonly Session[];
  readonly only?: string;
  readonly inMemory?: true;
}

/** Reports on a text, with these sessions in the store, at 1600 by default. */
async function reportsOn(text: string, world: World = {}): Promise<readonly CookieReport[]> {
  const now = world.now ?? 1600;
  const store = sealedSessions(memoryRows(), { keys: oldKeys, now: () => now, randomBytes });
  for (const session of world.sessions ?? []) await store.create(session);
  return cookieReports(givenCookies(text).ours, {
    providers,
    only: providers.find((provider) => provider.slug === world.only) ?? null,
    keys,
    sessions: world.inMemory ? { kind: "memory" } : { kind: "sqlite", file: "/x/sessions.sqlite" },
    reader: world.inMemory ? null : store,
    now,
  });
}

async function textOn(text: string, world: World = {}, secrets: "hidden" | "shown" = "hidden"): Promise<string> {
  const reports = await reportsOn(text, world);
  const style = { secrets, secretCount: 2, now: world.now ?? 1600 };
  return reports.map((report) => cookieReportText(report, style)).join("\n");
}

async function refusalsOn(text: string, world: World = {}): Promise<readonly (string | null)[]> {
  return (await reportsOn(text, world)).map((report) => report.refused);
}

const value = (slug = "app", by = oldKeys) => sealSessionCookie(by, slug, id);
const cookie = (slug = "app", by = oldKeys) => `__Host-akproxy_${slug}=${value(slug, by)}`;

describe("a session's cookie", () => {
  test("is accepted with provider, secret, short id, user, times left, and that the store has it", async () => {
    const text = await textOn(cookie(), { sessions: [{ ...sessionOf({ id, idleSeconds: 1800 }), lastSeenAt: 1540 }] });

    expect(text.split("\n")).toEqual([
      "__Host-akproxy_app: accepted",
      "  kind       session",
      "  provider   app",
      "  secret     2nd of 2",
      "  session    abcdefgh…",
      "  user       alice",
      "  made       1970-01-01T00:16:40Z, 10m ago",
      "  last seen  1970-01-01T00:25:40Z, 1m ago",
      "  idle left  29m",
      "  max left   50m",
      "  store      has it",
    ]);
  });

  test("as JSON has the same facts in seconds", async () => {
    const [report] = await reportsOn(cookie(), { sessions: [sessionOf({ id })] });

    const json = report && cookieReportJson(report, { secrets: "hidden", secretCount: 2, now: 1600 });

    expect(json).toEqual({
      name: "__Host-akproxy_app",
      kind: "session",
      verdict: "accepted",
      refused: null,
      provider: "app",
      secret: 2,
      session: "abcdefgh…",
      user: "alice",
      made: 1000,
      last_seen: 1000,
      idle_left_seconds: null,
      max_left_seconds: 3000,
      store: "live",
    });
  });

  test("opens as a bare value, too, and names its provider", async () => {
    const [report] = await reportsOn(value("wiki"), { sessions: [sessionOf({ id, providerSlug: "wiki" })] });

    expect(report).toMatchObject({ name: null, refused: null, provider: "wiki" });
  });

  test.each<[string, string, World]>([
    ["past its absolute limit", cookie(), { now: 4600, sessions: [sessionOf({ id })] }],
    ["idle for longer than its limit", cookie(), { sessions: [sessionOf({ id, idleSeconds: 600 })] }],
    ["the store does not have this session: the user signed out, it expired, or it is in another store", cookie(), {}],
    [
      'the session in the store belongs to provider "wiki"',
      cookie(),
      { sessions: [sessionOf({ id, providerSlug: "wiki" })] },
    ],
    [
      'it was made for provider "wiki" and is valid for that provider only',
      `__Host-akproxy_app=${value("wiki")}`,
      { sessions: [sessionOf({ id, providerSlug: "wiki" })] },
    ],
    ['it was made for provider "wiki" and is valid for that provider only', value("wiki"), { only: "app" }],
    ['its name is that of provider "wiki", not of "app"', cookie("wiki"), { only: "app" }],
    [
      "wrong secret, or changed in transit: no secret of this outpost sealed it",
      cookie("app", openKeys(["a secret nobody has"])),
      {},
    ],
    ["malformed: a session cookie is 43 characters of base64url, a dot, and 43 more", "__Host-akproxy_app=x", {}],
    ["malformed: a session cookie is 43 characters of base64url, a dot, and 43 more", "../../etc/passwd", {}],
    [
      'no provider of this config has a cookie of that name; their cookies are "__Host-akproxy_app", "__Host-akproxy_wiki"',
      "akproxy_app=x",
      {},
    ],
  ])("is refused: %s", async (reason, text, world) => {
    expect(await refusalsOn(text, world)).toEqual([reason]);
  });

  test("for sessions in memory is accepted by its seal, and the report says that the store was not checked", async () => {
    const text = await textOn(cookie(), { inMemory: true });

    expect(text).toStartWith("__Host-akproxy_app: accepted");
    expect(text).toEndWith("store      not checked: it is not on disk");
  });
});

describe("a whole Cookie header", () => {
  test("is reported cookie by cookie, without foreign cookies, with or without `Cookie:`", async () => {
    const sessions = [sessionOf({ id })];
    const header = `a=1; ${cookie()}; __Host-akproxy_wiki=x; theme="dark"`;

    expect(await refusalsOn(header, { sessions })).toEqual([null, expect.stringContaining("malformed")]);
    expect(await refusalsOn(`Cookie: ${header}\r\n`, { sessions })).toHaveLength(2);
    expect(givenCookies("a=1; b=2")).toEqual({ ours: [], others: ["a", "b"] });
    expect(givenCookies(" \n")).toEqual({ ours: [], others: [] });
  });

  test("CK-03: the fifth cookie of one name is ignored", async () => {
    const refusals = await refusalsOn(Array.from({ length: 5 }, () => cookie()).join("; "), {
      sessions: [sessionOf({ id })],
    });

    expect(refusals).toEqual([null, null, null, null, "akproxy reads only the first 4 cookies of one name"]);
  });
});

describe("a login attempt's cookie", () => {
  const state = "canary-state";
  const attempt = {
    providerSlug: "app",
    state,
    nonce: "canary-nonce",
    codeVerifier: "canary-verifier",
    returnTo: "/canary?token=1",
    startedAt: 1000,
    expiresAt: 1600,
  };
  const name = loginCookieName({ name: "__Host-akproxy_app", domain: null, secure: true }, 1000, stateDigest(state));
  const sealed = sealLoginAttempt(keys, attempt, randomBytes);

  test("is shown with provider, age and time left, without its content", async () => {
    expect((await textOn(`${name}=${sealed}`, { now: 1125 })).split("\n")).toEqual([
      `${name}: accepted`,
      "  kind       login attempt",
      "  provider   app",
      "  secret     1st of 2",
      "  made       1970-01-01T00:16:40Z, 2m5s ago",
      "  max left   7m55s",
    ]);
  });

  test("is refused when expired, changed, or under another name", async () => {
    expect(await refusalsOn(`${name}=${sealed}`, { now: 1600 })).toEqual(["expired: the login took too long"]);
    expect(await refusalsOn(`${name}=%`)).toEqual(["malformed: not the form of a sealed login attempt"]);
    expect(await refusalsOn(`${name.slice(0, -1)}_=${sealed}`)).toEqual([
      "wrong secret, provider or name: no secret of this outpost sealed it for that name",
    ]);
    expect(await refusalsOn(sealed)).toEqual([
      "it is not a session cookie; a cookie of a login attempt opens only with its name: give NAME=VALUE",
    ]);
  });

  test("LEAK-08: secrets are shown with --show-secrets only", async () => {
    const header = `${name}=${sealed}; ${cookie()}`;
    const world = { now: 1125, sessions: [sessionOf({ id, rawToken: "canary-token" })] };

    const hidden = await textOn(header, world);
    const shown = await textOn(header, world, "shown");

    for (const held of ["canary", "SECRET", sealed]) expect(hidden).not.toContain(held);
    for (const held of ["canary-state", "canary-nonce", "canary-verifier", "/canary?token=1", "canary-token", id]) {
      expect(shown).toContain(held);
    }
    const json = (await reportsOn(header, world)).map((report) =>
      JSON.stringify(cookieReportJson(report, { secrets: "hidden", secretCount: 2, now: 1125 })),
    );
    expect(json.join()).not.toMatch(/canary|SECRET/);
  });
});

test("a user name that moves the cursor is shown as escapes", async () => {
  const session = sessionOf({ id });
  const hostile = { ...session, identity: { ...session.identity, username: "al\u001b[2Jice\n" } };

  expect(await textOn(cookie(), { sessions: [hostile] })).toContain("user       al\\u001b[2Jice\\u000a");
});

test("spans are shown in their two largest units", () => {
  expect([-5, 0, 42, 60, 905, 3600, 12_000, 93_600, 86_400 * 30].map(spanText)).toEqual([
    "0s",
    "0s",
    "42s",
    "1m",
    "15m5s",
    "1h",
    "3h20m",
    "1d2h",
    "30d",
  ]);
});

describe("akproxy decode-cookie", () => {
  const epoch = () => Math.floor(Date.now() / 1000);

  function outpost(name: string, outpostTable: string): string {
    const dir = join(root, name);
    mkdirSync(dir);
    writeFileSync(join(dir, "akproxy.toml"), configText(outpostTable), { mode: 0o600 });
    return dir;
  }

  async function run(dir: string, args: readonly string[], stdin = "") {
    return runAkproxy(["decode-cookie", ...args], { cwd: dir, stdin });
  }

  test("reads the made secret and the store of a running outpost, from an argument or a pipe, and exits 0", async () => {
    const dir = outpost("running", "");
    const { secrets } = loadOrMakeSecrets(null, join(dir, "state"), randomBytes);
    const made = openKeys(secrets);
    const file = join(dir, "state", "sessions.sqlite");
    const store = await openSessions({ kind: "sqlite", file }, { keys: made, now: epoch, randomBytes });
    await store.create({ ...sessionOf({ id }), createdAt: epoch(), lastSeenAt: epoch(), expiresAt: epoch() + 3600 });

    const argument = await run(dir, [cookie("app", made)]);
    const piped = await run(dir, ["--json", "-"], `Cookie: ${cookie("app", made)}\n`);
    const refused = await run(dir, ["--provider", "wiki", cookie("app", made)]);
    await store.close();

    expect(argument.stderr).toBe("");
    expect(argument.stdout).toContain("__Host-akproxy_app: accepted\n");
    expect(argument.code).toBe(0);
    expect(JSON.parse(piped.stdout).cookies[0]).toMatchObject({ verdict: "accepted", user: "alice", store: "live" });
    expect(piped.code).toBe(0);
    expect(refused.stdout).toContain('refused: its name is that of provider "app", not of "wiki"');
    expect(refused.code).toBe(1);
  });

  test("before the first start says that there is no secret yet, and creates no directory, secret or store", async () => {
    const dir = outpost("before", "");

    const { stdout, stderr, code } = await run(dir, [cookie()]);

    expect(stdout).toBe("");
    expect(stderr).toContain(
      `akproxy: error: outpost: secret: none is set, and "${join(dir, "state", "secret.key")}" does not exist`,
    );
    expect(stderr).toContain("akproxy: hint: ");
    expect(code).toBe(74);
    expect(readdirSync(dir)).toEqual(["akproxy.toml"]);
  });

  test("with a secret and without a store refuses the cookie, and creates no store", async () => {
    const dir = outpost("storeless", `secret = "${secret}"`);

    const { stdout, code } = await run(dir, [cookie()]);

    expect(stdout).toContain(`refused: the store ${join(dir, "state", "sessions.sqlite")} does not exist`);
    expect(code).toBe(1);
    expect(existsSync(join(dir, "state"))).toBe(false);
  });

  test("an unusable store is 74, with its name; an invalid config 78; no config 74; an unknown provider or no cookie 2", async () => {
    const dir = outpost("broken", `secret = "${secret}"`);
    mkdirSync(join(dir, "state"));
    writeFileSync(join(dir, "state", "sessions.sqlite"), "no database ".repeat(100));
    writeFileSync(join(dir, "bad.toml"), "[outpost]\nsecret = 1\n");

    const results = await Promise.all([
      run(dir, [cookie()]),
      run(dir, ["-c", "bad.toml", cookie()]),
      run(dir, ["-c", "absent.toml", cookie()]),
      run(dir, ["--provider", "nobody", cookie()]),
      run(dir, ["-"], "\n"),
      run(dir, ["a=1; b=2"]),
      run(dir, ["--no-such-option"]),
    ]);

    expect(results.map((result) => result.code)).toEqual([74, 78, 74, 2, 2, 1, 2]);
    expect(results.map((result) => result.stdout).join("")).toBe("");
    expect(results[0]?.stderr).toContain(join(dir, "state", "sessions.sqlite"));
    expect(results[1]?.stderr).toContain("bad.toml:2:");
    expect(results[3]?.stderr).toContain("the config has: app, wiki");
    expect(results[5]?.stderr).toContain('no akproxy cookie among "a", "b"');
    expect(readFileSync(join(dir, "state", "sessions.sqlite"), "utf8")).toStartWith("no database ");
  });
});
