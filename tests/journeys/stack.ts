import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Running, run } from "../../src/compose/run.ts";
import { parseConfigText } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import { problemText } from "../../src/core/problem.ts";
import { startEchoApp } from "../../src/demo/echo-app.ts";
import { startToyIssuer, type ToyAvailability, type ToyIssuer } from "../../src/demo/toy-issuer.ts";
import type { ToyClient } from "../../src/demo/toy-issuer-configuration.ts";
import type { ToyUsers } from "../../src/demo/toy-issuer-users.ts";
import { createLog } from "../../src/log/create-log.ts";
import { type Browser, type BrowserOptions, createBrowser } from "../fakes/browser.ts";
import { clientSecret, proxiedApp, sampleConfig } from "../fakes/sample-config.ts";

/** A log line, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Everything a journey needs, up: a real issuer, an application, akproxy in front of it, and a clock that tests turn. */
export interface Stack {
  readonly issuer: ToyIssuer;
  readonly running: Running;
  readonly port: number; //                        akproxy's, on 127.0.0.1
  readonly adminUrl: string;
  readonly stateDir: string;
  readonly logLines: readonly LogLine[];
  readonly echoUrl: string; //                     the application
  /** Turns akproxy's clock; the issuer's stays. */
  advance(seconds: number): void;
  /** A browser that finds app.test and other.test at akproxy, after a restart too; with a `resolve` of its own, the hosts there. */
  browser(options?: BrowserOptions): Browser;
  /** One request of a program: no cookie jar, no header that is not given; a redirect is an answer. */
  send(path: string, init?: SentRequest): Promise<Response>;
  /** The value of a line of /metrics, 0 where there is none: `akproxy_sessions`. */
  metric(line: string): Promise<number>;
  /** Stops akproxy and starts it again on the same state directory, with another config when one is given. */
  restart(more?: StackOptions): Promise<void>;
  /** Puts another config in force, as SIGHUP does. */
  reload(more: StackOptions): Promise<void>;
  stop(): Promise<void>;
}

export interface SentRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface StackOptions {
  readonly externalHost?: string; //               http://app.test
  readonly internalHost?: string; //               the echo application
  readonly provider?: string; //                   more lines of TOML for [providers.app]
  readonly providers?: string; //                  whole tables of TOML instead of [providers.app]
  readonly origins?: readonly string[]; //         more external hosts that the issuer may send browsers back to
  readonly oidc?: string; //                       more lines of TOML for [oidc]
  readonly client?: Readonly<Record<string, unknown>>; // more of the client's registration at the issuer (RFC 7591 names)
  readonly clients?: readonly ToyClient[]; //      more clients of the issuer
  readonly sessions?: string; //                   more lines of TOML for [sessions]
  readonly top?: string; //                        more tables
  readonly store?: "memory" | "sqlite"; //         sqlite
  readonly users?: ToyUsers;
  readonly logLevel?: "trace" | "info";
  readonly issuerAtStart?: ToyAvailability; //     up
  readonly listenPort?: number; //                 of http; a free one
  readonly httpsPort?: number; //                  none: no https listener
  readonly listen?: string; //                     more lines of TOML for [listen]
}

export const callback = "/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stateDir = mkdtempSync(join(tmpdir(), "akproxy-journey-"));
  const hosts = ["http://app.test", "https://app.test", "http://other.test", "https://other.test"];
  const issuer = await startToyIssuer({
    port: 0,
    ...(options.users === undefined ? {} : { users: options.users }),
    clients: [
      {
        clientId: "akproxy",
        clientSecret,
        redirectUris: [...hosts, ...(options.origins ?? []), options.externalHost ?? "http://app.test"].map(
          (host) => `${host}${callback}`,
        ),
        postLogoutRedirectUris: [...hosts, ...(options.origins ?? [])].map((host) => `${host}/`),
        ...(options.client === undefined ? {} : { metadata: options.client }),
      },
      ...(options.clients ?? []),
    ],
  });
  issuer.setAvailability(options.issuerAtStart ?? "up");
  const echo = startEchoApp({ port: 0 });
  const logLines: LogLine[] = [];
  let shift = 0;
  const configOf = async (more: StackOptions): Promise<Config> => {
    const text = configText(more, issuer.issuer, more.internalHost ?? echo.url, stateDir);
    const loaded = await parseConfigText(text, { file: join(stateDir, "akproxy.toml"), env: {} });
    if (loaded.config === null) throw new Error(loaded.problems.map(problemText).join("\n"));
    return loaded.config;
  };
  const up = async (more: StackOptions): Promise<Running> =>
    run(await configOf(more), {
      version: "0.0.0-test",
      log: createLog({
        level: more.logLevel ?? "info",
        format: "json",
        now: Date.now,
        isTty: false,
        write: (line) => logLines.push(JSON.parse(line)),
      }),
      now: () => Math.floor(Date.now() / 1000) + shift,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      issuerRetryMilliseconds: 50,
      streamCheckMilliseconds: 50,
    });
  let running = await up(options);
  const portOf = (kind: string) => running.listeners.find((listener) => listener.kind === kind)?.port ?? 0;
  const akproxy = () => `http://127.0.0.1:${portOf("http")}`;
  // read at each request, since the port is another one after a restart
  const atAkproxy = {
    get "app.test"() {
      return akproxy();
    },
    get "other.test"() {
      return akproxy();
    },
  };
  return {
    issuer,
    get running() {
      return running;
    },
    get port() {
      return portOf("http");
    },
    get adminUrl() {
      return `http://127.0.0.1:${portOf("metrics")}`;
    },
    stateDir,
    logLines,
    echoUrl: echo.url,
    advance(seconds) {
      shift += seconds;
    },
    browser: (more = {}) => createBrowser({ resolve: atAkproxy, ...more }),
    send: (path, { headers = {}, ...init } = {}) =>
      fetch(`${akproxy()}${path}`, { ...init, headers: { host: "app.test", ...headers }, redirect: "manual" }),
    async metric(line) {
      const text = await (await fetch(`http://127.0.0.1:${portOf("metrics")}/metrics`)).text();
      const found = text.split("\n").find((each) => each.startsWith(`${line} `));
      return Number(found?.slice(line.length + 1) ?? 0);
    },
    async restart(more = options) {
      await running.stopNow();
      running = await up(more);
    },
    async reload(more) {
      running.reload(await configOf(more));
    },
    async stop() {
      await running.stopNow();
      await Promise.all([issuer.close(), echo.close()]);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function configText(options: StackOptions, issuer: string, internalHost: string, stateDir: string): string {
  const { listenPort = 0, httpsPort, store = "sqlite" } = options;
  const https = httpsPort === undefined ? "" : `127.0.0.1:${httpsPort}`;
  const provider = `${proxiedApp(internalHost, options.externalHost)}${options.provider ?? ""}`;
  return sampleConfig({
    top: `state_dir = "${stateDir}"`,
    listen: `http = "127.0.0.1:${listenPort}"
https = "${https}"
metrics = "127.0.0.1:0"
${options.listen ?? ""}
[sessions]
store = "${store}"
${options.sessions ?? ""}`,
    issuer,
    oidc: options.oidc ?? "",
    tables: `${options.top ?? ""}
${options.providers ?? provider}`,
  });
}
