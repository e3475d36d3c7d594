import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chosenSessions, handleOf } from "../../../src/cli/sessions/chosen-sessions.ts";
import { sessionTable, shownHandle, writtenHandle } from "../../../src/cli/sessions/sessions-text.ts";
import { startEchoApp } from "../../../src/demo/echo-app.ts";
import { startToyIssuer, type ToyIssuer } from "../../../src/demo/toy-issuer.ts";
import type { SessionSummary } from "../../../src/ports/session-store.ts";
import { type Browser, createBrowser, loginAs } from "../../fakes/browser.ts";
import { type Run, runAkproxy } from "../../fakes/run-akproxy.ts";
import { clientSecret, proxiedApp, sampleConfig } from "../../fakes/sample-config.ts";
import { type Served, serveProcess } from "../../fakes/served.ts";
import { openSocket } from "../../journeys/web-socket-client.ts";

const app = "http://app.test/";
const echo = startEchoApp({ port: 0 });
let issuer: ToyIssuer;
let served: Served;
let origin = "";

beforeAll(async () => {
  issuer = await startToyIssuer({
    port: 0,
    clients: [
      {
        clientId: "akproxy",
        clientSecret,
        redirectUris: [`${app}outpost.goauthentik.io/callback?X-authentik-auth-callback=true`],
      },
    ],
  });
  served = serveProcess((folder) => config(`state_dir = "${folder}/state"`, issuer.issuer));
  origin = await served.address("http");
});
afterAll(async () => {
  await served.end();
  await Promise.all([issuer.close(), echo.close()]);
});

function config(top: string, issuerUrl: string): string {
  return sampleConfig({
    top,
    issuer: issuerUrl,
    tables: `${proxiedApp(echo.url)}[log]
format = "json"`,
  });
}

async function sessions(args: readonly string[], configFile = served.configFile): Promise<Run> {
  return runAkproxy(["sessions", ...args, "-c", configFile]);
}

async function loggedIn(subject: string): Promise<Browser> {
  const browser = createBrowser({ resolve: { "app.test": origin } });
  const page = await loginAs(browser, app, subject);
  if (page.status !== 200) throw new Error(`no login: ${page.status} at ${page.url}`);
  return browser;
}

async function isLoggedIn(browser: Browser): Promise<boolean> {
  return (await browser.get(`${app}json`)).status === 200;
}

async function handlesOf(user: string): Promise<readonly string[]> {
  const { stdout } = await sessions(["list", "--user", user, "--json"]);
  const listed: { readonly sessions: readonly { readonly handle: string }[] } = JSON.parse(stdout);
  return listed.sessions.map(({ handle }) => handle);
}

/** The milliseconds until the browser's session is seen to have ended. */
async function untilLoggedOut(browser: Browser): Promise<number> {
  const from = performance.now();
  while (await isLoggedIn(browser)) {
    if (performance.now() - from > 5000) throw new Error("still logged in");
  }
  return performance.now() - from;
}

describe("beside a running akproxy", () => {
  afterEach(async () => {
    await sessions(["revoke", "--all"]);
  });

  test("a session is listed with handle, user, provider and times, and shown", async () => {
    await loggedIn("alice");

    const list = await sessions(["list", "--user", "alice"]);
    const [handle = ""] = await handlesOf("alice");
    const shown = await sessions(["show", handle]);

    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(/^handle {6}user {3}provider {2}made {4}last seen {2}ends\n/);
    expect(list.stdout).toMatch(/\n[.\w-]{10} {2}alice {2}app {7}\ds ago {2}\ds ago {5}in (1d|23h59m)\n$/);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toStartWith(`handle     ${handle}\nuser       alice\nprovider   app\nmade       20`);
    expect(shown.stdout).toMatch(/\nends {7}20[\d:TZ-]+, in (1d|23h59m)\n$/);
  });

  test("decision 42: a session revoked by its handle ends within a second, its WebSocket with 1008, and other sessions continue", async () => {
    const ended = await loggedIn("alice");
    const goesOn = await loggedIn("bob");
    const cookie = ended.cookies.headerFor(new URL(app));
    const socket = await openSocket(Number(new URL(origin).port), { cookie });
    expect(await isLoggedIn(ended)).toBe(true);
    const [handle = ""] = await handlesOf("alice");

    const revoked = await sessions(["revoke", handle]);
    const from = performance.now();
    const milliseconds = await untilLoggedOut(ended);
    const close = await socket.closed;

    expect(revoked).toEqual({ stdout: "1 session ended\n", stderr: "", code: 0 });
    expect(milliseconds).toBeLessThan(1000);
    expect(close.code).toBe(1008);
    expect(performance.now() - from).toBeLessThan(5000);
    expect(await isLoggedIn(goesOn)).toBe(true);
  }, 20_000);

  test("all sessions of a user end at once, and --all ends the sessions of every user", async () => {
    const browsers = [await loggedIn("alice"), await loggedIn("alice"), await loggedIn("bob"), await loggedIn("bob")];

    const alices = await sessions(["revoke", "--user", "alice", "--json"]);
    const left = await Promise.all(browsers.map(isLoggedIn));
    const all = await sessions(["revoke", "--all"]);
    const none = await Promise.all(browsers.map(isLoggedIn));
    const empty = await sessions(["list"]);

    expect(JSON.parse(alices.stdout)).toEqual({ ended: 2 });
    expect(left).toEqual([false, false, true, true]);
    expect(all).toEqual({ stdout: "2 sessions ended\n", stderr: "", code: 0 });
    expect(none).toEqual([false, false, false, false]);
    expect(empty).toEqual({ stdout: "", stderr: "no sessions\n", code: 0 });
  }, 20_000);

  test("an unknown handle is exit 1 for show and for revoke", async () => {
    const shown = await sessions(["show", "AAAAAAAAAA"]);
    const revoked = await sessions(["revoke", "AAAAAAAAAA"]);

    expect([shown.code, shown.stdout]).toEqual([1, ""]);
    expect(shown.stderr).toContain("no session has that handle");
    expect([revoked.code, revoked.stdout]).toEqual([1, "0 sessions ended\n"]);
    expect(revoked.stderr).toContain("1 of 1 handles did not match a session");
  });
});

describe("without a store to open", () => {
  function folderWith(name: string, text: string): { readonly folder: string; readonly file: string } {
    const folder = mkdtempSync(join(tmpdir(), `akproxy-sessions-${name}-`));
    const file = join(folder, "akproxy.toml");
    writeFileSync(file, text, { mode: 0o600 });
    return { folder, file };
  }

  test.each(["list", "revoke --all"])("%s creates nothing, and says that the store does not exist", async (words) => {
    const { folder, file } = folderWith("none", config('state_dir = "./state"', "http://127.0.0.1:1/"));

    const { code, stderr, stdout } = await sessions(words.split(" "), file);

    expect([code, stdout]).toEqual([74, ""]);
    expect(stderr).toContain(`the store "${folder}/state/sessions.sqlite" does not exist`);
    expect(readdirSync(folder)).toEqual(["akproxy.toml"]);
    rmSync(folder, { recursive: true });
  });

  test.each(["list", "revoke --all"])(
    "%s of sessions in memory says that they are in the running process",
    async (words) => {
      const text = `${config('state_dir = "./state"', "http://127.0.0.1:1/")}[sessions]\nstore = "memory"\n`;
      const { folder, file } = folderWith("memory", text);

      const { code, stderr } = await sessions(words.split(" "), file);

      expect(code).toBe(1);
      expect(stderr).toContain('store "memory" is inside the running process');
      expect(existsSync(join(folder, "state"))).toBe(false);
      rmSync(folder, { recursive: true });
    },
  );

  test("a missing config is exit 74, an invalid one 78", async () => {
    const { folder, file } = folderWith("bad", "nonsense = 1\n");

    const exits = [await sessions(["list"], file), await sessions(["list"], join(folder, "absent.toml"))];

    expect(exits.map(({ code }) => code)).toEqual([78, 74]);
    rmSync(folder, { recursive: true });
  });
});

describe("the choice of sessions", () => {
  test.each<[string, Parameters<typeof chosenSessions>]>([
    ["revoke with neither handle, user nor --all", ["revoke", [], {}]],
    ["revoke with a user and --all", ["revoke", [], { user: "alice", all: true }]],
    ["revoke with a handle and a user", ["revoke", ["AAAAAAAAAA"], { user: "alice" }]],
    ["show without a handle", ["show", [], {}]],
    ["show with two", ["show", ["AAAAAAAAAA", "BBBBBBBBBB"], {}]],
    ["list with a handle", ["list", ["AAAAAAAAAA"], {}]],
    ["list with --all", ["list", [], { all: true }]],
  ])("%s is unclear, and nothing is done", (_name, wish) => {
    expect(chosenSessions(...wish).kind).toBe("unclear");
  });

  test.each([
    ["what is shorter than a handle, which could name more than one session", "AAAA"],
    ["what is longer", "AAAAAAAAAAA"],
    ["an option that does not exist", "--dry-run"],
  ])("%s is not a handle, and nothing is done", (_name, word) => {
    expect(() => handleOf(word)).toThrow(`"${word}" is not a handle`);
  });

  test("a handle that begins with a minus is shown with a dot, and read back", () => {
    expect(shownHandle("-cAAAA-AAA")).toBe(".cAAAA-AAA");
    expect(writtenHandle(".cAAAA-AAA")).toBe("-cAAAA-AAA");
    expect(writtenHandle("-cAAAA-AAA")).toBe("-cAAAA-AAA");
    expect(writtenHandle("AAAAA.AAAA")).toBeNull();
  });
});

describe("the table", () => {
  const summary: SessionSummary = {
    handle: "kJ3_x9Tq2w",
    username: "a.person.with.a.long.name@subdomain.company.example",
    providerSlug: "grafana",
    createdAt: 1000,
    lastSeenAt: 86_000,
    endsAt: 173_800,
  };

  test("is as wide as its content in a pipe", () => {
    expect(sessionTable([summary], { now: 87_400, columns: null }).split("\n")).toEqual([
      "handle      user                                                 provider  made    last seen   ends",
      "kJ3_x9Tq2w  a.person.with.a.long.name@subdomain.company.example  grafana   1d ago  23m20s ago  in 1d",
    ]);
  });

  test("fits a terminal of 80 columns by cutting names", () => {
    const lines = sessionTable([summary], { now: 87_400, columns: 80 }).split("\n");

    expect(lines.map((line) => Bun.stringWidth(line))).toEqual([79, 80]);
    expect(lines[1]).toContain("a.person.with.a");
    expect(lines[1]).toContain("…");
  });

  test("shows controls in a user name as escapes, so that it cannot control the terminal", () => {
    const text = sessionTable([{ ...summary, username: "al\u001b[2Jice\n" }], { now: 87_400, columns: null });

    expect(text).toContain("al\\u001b[2Jice\\u000a");
    expect(text.split("\n")).toHaveLength(2);
  });
});
