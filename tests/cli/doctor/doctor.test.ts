import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sectionText } from "../../../src/cli/doctor/doctor-text.ts";
import { startEchoApp } from "../../../src/demo/echo-app.ts";
import { startToyIssuer, type ToyIssuer } from "../../../src/demo/toy-issuer.ts";
import { type Run, runAkproxy } from "../../fakes/run-akproxy.ts";
import { type Served, serveProcess } from "../../fakes/served.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-doctor-"));
const secret = "toy-client-secret-of-32-characters!";
const echo = startEchoApp({ port: 0 });
let issuer: ToyIssuer;
let served: Served;

beforeAll(async () => {
  issuer = await startToyIssuer({
    port: 0,
    clients: [
      {
        clientId: "akproxy",
        clientSecret: secret,
        redirectUris: ["http://app.localhost/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"],
      },
    ],
  });
  served = serveProcess((folder) => config({ stateDir: join(folder, "state") }));
  await served.event("ready");
});
afterAll(async () => {
  await served.end();
  await Promise.all([issuer.close(), echo.close()]);
  rmSync(root, { recursive: true });
});

interface Wishes {
  readonly stateDir?: string;
  readonly http?: string;
  readonly metrics?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly internalHost?: string;
  readonly more?: string;
}

function config(wishes: Wishes): string {
  return `
state_dir = "${wishes.stateDir ?? "./state"}"
[listen]
http = "${wishes.http ?? "127.0.0.1:0"}"
https = ""
metrics = "${wishes.metrics ?? "127.0.0.1:0"}"
[log]
format = "json"
[oidc]
issuer = "${wishes.issuer ?? issuer.issuer}"
client_id = "${wishes.clientId ?? "akproxy"}"
client_secret = "${secret}"
[providers.app]
mode = "proxy"
external_host = "http://app.localhost"
internal_host = "${wishes.internalHost ?? echo.url}"
${wishes.more ?? ""}
`;
}

interface Ran extends Run {
  readonly folder: string;
}

async function doctor(text: string, args: readonly string[] = []): Promise<Ran> {
  const folder = mkdtempSync(join(root, "run-"));
  const file = join(folder, "akproxy.toml");
  writeFileSync(file, text, { mode: 0o600 });
  return { folder, ...(await runAkproxy(["doctor", "-c", file, ...args])) };
}

/** The name and the mark of each line that has one. */
function marksOf(stdout: string): Readonly<Record<string, string>> {
  const lines = stdout.matchAll(/^ {2}(ok|warn|FAIL|\?) +(\S+(?: \S+)*?) {2,}\S/gm);
  return Object.fromEntries([...lines].map(([, mark = "", name = ""]) => [name, mark]));
}

describe("a config that works", () => {
  test("is exit 0, each check has its mark, and no file is left behind", async () => {
    const { code, folder, stderr, stdout } = await doctor(config({}));

    expect(stderr).toBe("");
    expect(marksOf(stdout)).toEqual({
      config: "ok",
      state_dir: "ok",
      secret: "ok",
      store: "ok",
      https: "ok",
      discovery: "ok",
      "same issuer": "ok",
      endpoints: "ok",
      keys: "ok",
      clock: "ok",
      "sign-out": "ok",
      "redirect URI": "ok",
      scopes: "ok",
      signing: "ok",
      logout: "ok",
      cookie: "ok",
      upstream: "ok",
      http: "ok",
      metrics: "ok",
    });
    expect(stdout).toContain("register as back-channel logout:");
    expect(stdout).toContain("http://app.localhost/outpost.goauthentik.io/backchannel-logout");
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(["akproxy.toml"]);
  });

  test("no line is wider than 80 columns, except a URL to copy", async () => {
    const { stdout } = await doctor(config({}));

    const wide = stdout.split("\n").filter((line) => Bun.stringWidth(line) > 80 && !/^ {8}http\S+$/.test(line));

    expect(wide.filter((line) => !line.startsWith("config ") && !line.includes(root))).toEqual([]);
  });

  test("LEAK-08: neither text nor JSON holds the client's secret", async () => {
    const text = await doctor(config({ more: '[outpost]\nsecret = "canary-secret-of-more-than-32-characters"' }));
    const json = await doctor(config({}), ["--json"]);

    for (const held of [secret, "canary-secret"]) expect(text.stdout + text.stderr + json.stdout).not.toContain(held);
  });

  test("as JSON has sections, checks and the exit code", async () => {
    const { code, stdout } = await doctor(config({}), ["--json"]);

    const report: {
      readonly exit: number;
      readonly sections: readonly {
        readonly title: string;
        readonly checks: readonly Readonly<Record<string, string>>[];
      }[];
    } = JSON.parse(stdout);
    expect([report.exit, code]).toEqual([0, 0]);
    expect(report.sections.map(({ title }) => title.split(" ")[0])).toEqual([
      "config",
      "state",
      "certificates",
      "issuer",
      "provider",
      "listeners",
    ]);
    expect(report.sections[0]?.checks).toEqual([
      { name: "config", standing: "ok", text: "no problems", fix: null, cause: null } as never, // as: null where a text stands otherwise
    ]);
  });
});

describe("beside a running akproxy", () => {
  test("doctor finds akproxy on its listeners, a store that answers, and a secret with mode 0600", async () => {
    const [http, metrics] = [await served.address("http"), await served.address("metrics")];
    const { code, stdout } = await doctor(
      config({
        stateDir: join(served.folder, "state"),
        http: new URL(http).host,
        metrics: new URL(metrics).host,
      }),
    );

    expect(stdout.match(/: akproxy answers/g)).toHaveLength(2);
    expect(stdout).toMatch(/ok {4}store .*sessions\.sqlite\n? *answers/);
    expect(stdout).toMatch(/secret\.key,\s+mode 0600/);
    expect(code).toBe(0);
  });

  test("an address that another program uses is a failure", async () => {
    const other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });

    const { code, stdout } = await doctor(config({ http: `127.0.0.1:${other.port}` }));
    await other.stop(true);

    expect(marksOf(stdout)).toMatchObject({ http: "FAIL", metrics: "ok" });
    expect(stdout).toContain("another program uses it");
    expect(code).toBe(1);
  });
});

describe("a problem", () => {
  test("an issuer that does not answer is exit 69, and the other checks still run", async () => {
    const { code, stdout } = await doctor(config({ issuer: "http://127.0.0.1:1/" }));

    expect(marksOf(stdout)).toMatchObject({ discovery: "FAIL", issuer: "?", upstream: "ok", http: "ok" });
    expect(stdout).toContain("cannot be reached");
    expect(code).toBe(69);
  });

  test("an application that does not answer is exit 69", async () => {
    const { code, stdout } = await doctor(config({ internalHost: "http://127.0.0.1:1" }));

    expect(marksOf(stdout)).toMatchObject({ upstream: "FAIL", discovery: "ok" });
    expect(stdout).toContain("http://127.0.0.1:1 refuses connections");
    expect(code).toBe(69);
  });

  test("a second failure that the operator must correct makes it exit 1", async () => {
    const { code } = await doctor(config({ internalHost: "http://127.0.0.1:1", issuer: `${issuer.issuer}/` }));

    expect(code).toBe(1);
  });

  test("an issuer that differs by a slash is shown with both values", async () => {
    const { code, stdout } = await doctor(config({ issuer: `${issuer.issuer}/` }));

    expect(marksOf(stdout)).toMatchObject({ discovery: "ok", "same issuer": "FAIL", clock: "ok" });
    const flowing = stdout.replace(/\s+/g, " ");
    expect(flowing).toContain(
      `the config says ${issuer.issuer}/, the issuer says ${issuer.issuer} -> if that is your issuer, set issuer`,
    );
    expect(code).toBe(1);
  });

  test("a redirect URI that a real issuer does not know is shown with the URI to register", async () => {
    const wiki = '[providers.wiki]\nmode = "forward_single"\nexternal_host = "https://wiki.test"';

    const { code, stdout } = await doctor(config({ more: wiki }), ["--provider", "wiki"]);

    expect(marksOf(stdout)).toMatchObject({ "redirect URI": "FAIL", trust: "ok" });
    expect(stdout).toContain("https://wiki.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true");
    expect(stdout).not.toContain("provider app");
    expect(code).toBe(1);
  });

  test("a client that a real issuer does not know is a failure", async () => {
    const { code, stdout } = await doctor(config({ clientId: "nobody" }));

    expect(stdout).toContain("the issuer does not know this client_id");
    expect(code).toBe(1);
  });

  test("a config with errors is shown with line numbers, and no other check runs", async () => {
    const { code, folder, stdout } = await doctor(`${config({})}\nnonsense = true\n`);

    expect(stdout).toContain("providers.app.nonsense");
    expect(stdout).not.toContain("state_dir");
    expect(code).toBe(1);
    expect(existsSync(join(folder, "state"))).toBe(false);
  });

  test("an unknown provider is a usage error, and a missing config is exit 74", async () => {
    const unknown = await doctor(config({}), ["--provider", "nonsense"]);
    const absent = await doctor(config({}), ["-c", join(root, "absent.toml")]);

    expect([unknown.code, unknown.stdout]).toEqual([2, ""]);
    expect(unknown.stderr).toContain('"nonsense" is not in the config');
    expect([absent.code, absent.stdout]).toEqual([74, ""]);
  });
});

test("a text is wrapped at words, its fix follows an arrow, and a long URL stays whole, further to the left", () => {
  const url = `https://app.company/${"x".repeat(60)}`;
  const checks = [
    {
      name: "clock",
      standing: "warn",
      text: "one two three four five six seven eight nine ten eleven",
      fix: url,
      cause: null,
    },
  ] as const;

  expect(sectionText({ title: "issuer", checks }, 60).split("\n")).toEqual([
    "issuer",
    "  warn  clock          one two three four five six seven",
    "                       eight nine ten eleven",
    `                       -> ${url}`,
  ]);
});
