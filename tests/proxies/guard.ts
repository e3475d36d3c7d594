import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Running, run } from "../../src/compose/run.ts";
import { loadConfig } from "../../src/config/load.ts";
import { problemText } from "../../src/core/problem.ts";
import { startToyIssuer, type ToyIssuer } from "../../src/demo/toy-issuer.ts";
import { defaultToyUsers } from "../../src/demo/toy-issuer-users.ts";
import { createLog } from "../../src/log/create-log.ts";
import { clientSecret, sampleConfig } from "../fakes/sample-config.ts";
import { callback } from "../journeys/stack.ts";
import { type Application, startApplication } from "./application.ts";

/** The servers behind a reverse proxy: akproxy with a provider of each mode, its issuer, and the application. */
export interface Guard {
  readonly issuer: ToyIssuer;
  readonly application: Application;
  readonly origin: string; //                      akproxy's plain listener
  readonly scheme: "http" | "https"; //            of the browser
  readonly configFile: string; //                  the config that akproxy runs with
  readonly logLines: readonly string[];
  stop(): Promise<void>;
}

/** Alice and Bob, and Carol, who is in forty groups. */
const users = {
  ...defaultToyUsers,
  carol: {
    preferred_username: "carol",
    email: "carol@example.test",
    name: "Carol Example",
    groups: Array.from({ length: 40 }, (_, index) => `department-of-long-names-${index}`),
    entitlements: [],
  },
};

/** The parts of the URLs that the browser uses. */
export interface GuardOptions {
  readonly scheme?: "http" | "https"; //           http
  readonly domain?: string; //                     test: proxied.test, app.test, auth.corp.test and so on
  readonly port?: string; //                       after each host: "" or ":8443"
}

/** Starts them. */
export async function startGuard({ scheme = "http", domain = "test", port = "" }: GuardOptions = {}): Promise<Guard> {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-guard-"));
  const application = await startApplication();
  const origins = ["proxied", "app", "auth.corp"].map((name) => `${scheme}://${name}.${domain}${port}`);
  const issuer = await startToyIssuer({
    port: 0,
    users,
    clients: [
      {
        clientId: "akproxy",
        clientSecret,
        redirectUris: origins.map((origin) => `${origin}${callback}`),
        postLogoutRedirectUris: origins.map((origin) => `${origin}/`),
      },
    ],
  });
  const configFile = join(folder, "akproxy.toml");
  const text = configText(folder, issuer.issuer, application.origin, { scheme, domain, port });
  await Bun.write(configFile, text, { mode: 0o600 });
  const logLines: string[] = [];
  const running = await start(configFile, logLines);
  const listener = running.listeners.find(({ kind }) => kind === "http");
  return {
    issuer,
    application,
    origin: `http://127.0.0.1:${listener?.port}`,
    scheme,
    configFile,
    logLines,
    async stop() {
      await running.stopNow();
      await Promise.all([issuer.close(), application.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(configFile: string, logLines: string[]): Promise<Running> {
  const loaded = await loadConfig({ file: configFile, env: {} });
  if (loaded.config === null) throw new Error(loaded.problems.map(problemText).join("\n"));
  return run(loaded.config, {
    version: "0.0.0-test",
    log: createLog({
      level: "info",
      format: "json",
      now: Date.now,
      isTty: false,
      write: (line) => logLines.push(line),
    }),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    issuerRetryMilliseconds: 50,
  });
}

function configText(
  folder: string,
  issuer: string,
  application: string,
  { scheme, domain, port }: Required<GuardOptions>,
): string {
  const host = (name: string) => `${scheme}://${name}.${domain}${port}`;
  const provider = (slug: string, mode: string, name: string, publicPaths: string, more = "") => `
[providers.${slug}]
mode = "${mode}"
external_host = "${host(name)}"
skip_path_regex = '${publicPaths}'
${more}${rulesOf(slug)}`;
  const corpPublic = `^${scheme}://[a-z]+\\.corp\\.${domain}(:\\d+)?/public/`;
  const tables = [
    '[sessions]\nstore = "memory"',
    provider("proxied", "proxy", "proxied", "^/public/", `internal_host = "${application}"`),
    provider("app", "forward_single", "app", "^/public/"),
    provider("corp", "forward_domain", "auth.corp", corpPublic, `cookie_domain = "corp.${domain}"`),
  ].join("\n");
  return sampleConfig({ top: `state_dir = "${folder}/state"`, issuer, tables });
}

function rulesOf(slug: string): string {
  return `
[[providers.${slug}.rules]]
path_regex = "^/admins-only"
allow = { groups = ["admins"] }
[[providers.${slug}.rules]]
path_regex = "^/admins-change"
methods = ["POST", "DELETE"]
allow = { groups = ["admins"] }`;
}
