import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEchoApp } from "../../src/demo/echo-app.ts";
import { startToyIssuer } from "../../src/demo/toy-issuer.ts";
import { defaultToyUsers } from "../../src/demo/toy-issuer-users.ts";
import { type Browser, createBrowser } from "../fakes/browser.ts";
import { freePort } from "../fakes/free-port.ts";
import { akproxyCommand } from "../fakes/run-akproxy.ts";
import { clientSecret, proxiedApp, sampleConfig } from "../fakes/sample-config.ts";
import { waitUntil } from "../fakes/waits.ts";
import { callback } from "../journeys/stack.ts";

/** One akproxy in a separate process. */
export interface Instance {
  readonly port: number;
  readonly adminPort: number;
  start(): Promise<void>;
  kill(): Promise<void>; //                        kill -9
  output(): Promise<string>;
}

/** Several akproxy over one store, a provider in proxy mode, behind nginx that gives each request to the next one. */
export interface Cluster {
  readonly instances: readonly [Instance, Instance, ...Instance[]];
  /** A browser that resolves app.test to nginx, or to the port that `port` returns for each request. */
  browser(port?: () => number): Browser;
  /** The answer of an instance to the cookies of a browser: 200 with a name, or another status; 0 without an answer. */
  ask(at: Instance, cookie: string): Promise<{ readonly status: number; readonly user: string | null }>;
  stop(): Promise<void>;
}

export const outpostSecret = "one-secret-for-every-instance-of-it-0123";

export interface ClusterOptions {
  readonly store: string; //                       as `sessions.store` has it
  readonly instances?: number; //                  2
  readonly people?: number; //                     how many users the issuer has besides alice and bob: p0, p1, ...
}

export async function startCluster({ store, instances: count = 2, people = 0 }: ClusterOptions): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-cluster-"));
  const echo = startEchoApp({ port: 0 });
  const person = (name: string) => ({ ...defaultToyUsers["alice"], preferred_username: name, email: `${name}@x.test` });
  const names = Array.from({ length: people }, (_, n) => `p${n}`);
  const issuer = await startToyIssuer({
    port: 0,
    users: { ...defaultToyUsers, ...Object.fromEntries(names.map((name) => [name, person(name)])) },
    clients: [
      {
        clientId: "akproxy",
        clientSecret,
        redirectUris: [`http://app.test${callback}`],
        postLogoutRedirectUris: ["http://app.test/"],
      },
    ],
  });
  const facts = { store, issuer: issuer.issuer, application: echo.url };
  const more = Array.from({ length: count - 2 }, (_, n) => instance(folder, `akproxy-${n + 2}`, facts));
  const instances = [instance(folder, "akproxy-0", facts), instance(folder, "akproxy-1", facts), ...more] as const;
  // if one does not start, the others must not keep running
  const starts = await Promise.allSettled(instances.map((one) => one.start()));
  const failed = starts.find((start) => start.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(instances.map((one) => one.kill()));
    throw failed.reason;
  }
  const nginx = await startNginx(
    folder,
    instances.map(({ port }) => port),
  );
  return {
    instances,
    browser(port = () => nginx.port) {
      const resolve = {
        get "app.test"() {
          return `127.0.0.1:${port()}`;
        },
      };
      return createBrowser({ resolve });
    },
    ask,
    async stop() {
      await nginx.stop();
      await Promise.all(instances.map((one) => one.kill()));
      await Promise.all([issuer.close(), echo.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ask({ port }: Instance, cookie: string) {
  try {
    const headers = { host: "app.test", cookie, accept: "text/html", "sec-fetch-mode": "navigate" };
    const answer = await fetch(`http://127.0.0.1:${port}/json`, { headers, redirect: "manual" });
    const text = await answer.text();
    if (answer.status !== 200) return { status: answer.status, user: null };
    const seen: { readonly headers: Readonly<Record<string, string>> } = JSON.parse(text);
    return { status: 200, user: seen.headers["x-authentik-username"] ?? "" };
  } catch {
    return { status: 0, user: null };
  }
}

interface InstanceFacts {
  readonly store: string;
  readonly issuer: string;
  readonly application: string;
}

function instance(folder: string, name: string, facts: InstanceFacts): Instance {
  const [port, adminPort] = [freePort(), freePort()];
  const file = join(folder, `${name}.toml`);
  const log = join(folder, `${name}.log`);
  writeFileSync(file, configText({ ...facts, name, folder, port, adminPort }), { mode: 0o600 });
  let child: Bun.Subprocess | null = null;
  return {
    port,
    adminPort,
    async start() {
      const command = [...akproxyCommand, "serve", "-c", file];
      child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: Bun.file(log), stderr: Bun.file(log) });
      const started = child;
      const isReady = async () => {
        if (started.exitCode !== null) throw new Error("it ended");
        return (await statusOf(`http://127.0.0.1:${adminPort}/readyz`)) === 200;
      };
      await orItsOutput(waitUntil(isReady, 15_000), name, log);
    },
    async kill() {
      child?.kill("SIGKILL");
      await child?.exited;
    },
    output: () => Bun.file(log).text(),
  };
}

async function orItsOutput(start: Promise<unknown>, name: string, log: string): Promise<void> {
  try {
    await start;
  } catch (cause) {
    throw new Error(`${name}: ${await Bun.file(log).text()}`, { cause });
  }
}

async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url).catch(() => null);
  await answer?.text();
  return answer?.status ?? 0;
}

interface ConfigFacts extends InstanceFacts {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly adminPort: number;
}

function configText({ name, folder, port, adminPort, store, issuer, application }: ConfigFacts): string {
  return sampleConfig({
    top: `state_dir = "${folder}/${name}"
[outpost]
secret = "${outpostSecret}"`,
    listen: `http = "127.0.0.1:${port}"
https = ""
metrics = "127.0.0.1:${adminPort}"
[sessions]
store = "${store}"`,
    issuer,
    tables: `${proxiedApp(application)}[providers.guarded]
mode = "forward_single"
external_host = "http://guarded.test"`,
  });
}

/** nginx sends each request to the next instance, and to another one if the first does not answer. */
async function startNginx(folder: string, ports: readonly number[]) {
  const port = freePort();
  const servers = ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(" ");
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path temp-${kind};`);
  const text = `
daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {}
http {
  access_log off; ${temp.join(" ")}
  upstream akproxy { ${servers} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://akproxy;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      add_header X-Instance $upstream_addr always;
    }
  }
}`;
  writeFileSync(join(folder, "nginx.conf"), text);
  const nginx = Bun.which("nginx", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` }) ?? "nginx";
  const child = Bun.spawn([nginx, "-p", folder, "-c", "nginx.conf"], {
    cwd: folder,
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(folder, "nginx.log")),
  });
  const answers = async () => (await statusOf(`http://127.0.0.1:${port}/outpost.goauthentik.io/ping`)) !== 0;
  await orItsOutput(waitUntil(answers), "nginx", join(folder, "nginx.log"));
  return {
    port,
    async stop() {
      child.kill("SIGTERM"); // its worker ends with it
      await child.exited;
    },
  };
}
