/** What every attack of scripts/hostile needs: one akproxy in a process of its own, an issuer, and raw client connections. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startToyIssuer } from "../src/demo/toy-issuer.ts";
import { createBrowser, loginAs } from "../tests/fakes/browser.ts";
import { freePort } from "../tests/fakes/free-port.ts";

/** One line of the report. A control shows that the measurement itself is sound. */
export interface Finding {
  readonly what: string;
  readonly holds: boolean;
  readonly seen: string;
  readonly wanted: string;
}

/** An attack: its name for the command line, the fault that it looks for, and what it finds. */
export interface Attack {
  readonly name: string;
  readonly fault: string;
  readonly run: () => Promise<readonly Finding[]>;
}

export interface Lab {
  readonly port: number;
  /** The Cookie line of a new browser in which `user` has logged in at `host`. */
  cookieOf(host: string, user: string): Promise<string>;
  rss(): Promise<number>; //                       MiB
  sockets(): number;
  errors(): string; //                             what akproxy wrote to stderr
  stop(): Promise<void>;
}

const callback = "/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";
const clientSecret = "toy-client-secret-of-32-characters!";

/** Starts akproxy with these providers: the lines of [providers.SLUG], whose external host is http://SLUG.test. */
export async function startLab(providers: Readonly<Record<string, string>>): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-hostile-"));
  const port = freePort();
  const slugs = Object.keys(providers);
  const redirectUris = slugs.map((slug) => `http://${slug}.test${callback}`);
  const issuer = await startToyIssuer({
    port: 0,
    clients: [{ clientId: "akproxy", clientSecret, redirectUris, postLogoutRedirectUris: [] }],
  });
  const configFile = join(folder, "akproxy.toml");
  writeFileSync(configFile, configText(folder, port, issuer.issuer, providers), { mode: 0o600 });
  const akproxy = await startAkproxy(configFile, port);
  let stderr = "";
  void (async () => {
    for await (const part of akproxy.stderr.pipeThrough(new TextDecoderStream())) stderr = (stderr + part).slice(-1e7);
  })();
  return {
    port,
    async cookieOf(host, user) {
      const browser = createBrowser({ resolve: { [host]: `http://127.0.0.1:${port}` } });
      await loginAs(browser, `http://${host}/`, user);
      return `Cookie: ${browser.cookies.headerFor(new URL(`http://${host}/`))}`;
    },
    async rss() {
      const status = await Bun.file(`/proc/${akproxy.pid}/status`).text();
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    sockets: () => socketsOf(akproxy.pid),
    errors: () => stderr,
    async stop() {
      akproxy.kill("SIGKILL");
      await akproxy.exited;
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configText(folder: string, port: number, issuer: string, providers: Readonly<Record<string, string>>): string {
  const tables = Object.entries(providers).map(
    ([slug, lines]) => `[providers.${slug}]\nmode = "proxy"\nexternal_host = "http://${slug}.test"\n${lines}\n`,
  );
  return `state_dir = "${folder}/state"
[listen]
http = "127.0.0.1:${port}"
https = ""
metrics = ""
[log]
level = "error"
[oidc]
issuer = "${issuer}"
client_id = "akproxy"
client_secret = "${clientSecret}"
${tables.join("\n")}`;
}

async function startAkproxy(configFile: string, port: number): Promise<Bun.Subprocess<"ignore", "ignore", "pipe">> {
  const binary = process.env["AKPROXY"];
  const command = binary === undefined ? [process.execPath, join(import.meta.dir, "../src/main.ts")] : [binary];
  const akproxy = Bun.spawn([...command, "serve", "-c", configFile], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  while (!(await isListening(port))) {
    if (akproxy.exitCode !== null) throw new Error(`akproxy ended with ${akproxy.exitCode}`);
    await Bun.sleep(50);
  }
  return akproxy;
}

function isListening(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/outpost.goauthentik.io/ping`).then(
    () => true,
    () => false,
  );
}

function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; //                             closed meanwhile
    }
  }).length;
}

/** A client connection. */
export function open(lab: Lab): Socket {
  return connect(lab.port, "127.0.0.1").on("error", () => undefined);
}

/** One request on a connection of its own, as bytes. The whole response, or "" if none has come within `patience` milliseconds. */
export async function ask(
  lab: Lab,
  host: string,
  lines: readonly string[] = [],
  start = "GET /",
  body = "",
  patience = 4000,
): Promise<string> {
  const socket = open(lab);
  const text = await askOn(socket, host, lines, start, body, patience);
  socket.destroy();
  return text;
}

/** The same on a connection that stays open. */
export function askOn(
  socket: Socket,
  host: string,
  lines: readonly string[] = [],
  start = "GET /",
  body = "",
  patience = 4000,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(""), patience);
  let text = "";
  const listen = (bytes: Buffer): void => {
    text += bytes.toString("latin1");
    if (isWhole(text, start)) resolve(text);
  };
  socket.on("data", listen);
  socket.write([`${start} HTTP/1.1`, `Host: ${host}`, ...lines, "", body].join("\r\n"));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off("data", listen);
  });
}

function isWhole(text: string, start: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1 || start.startsWith("HEAD ")) return end !== -1;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return length === undefined || text.length - end - 4 >= Number(length);
}

export function statusOf(text: string): string {
  return text === "" ? "nothing" : text.slice(9, 12);
}

/** How often each value occurs: `{"200":6}`. */
export function tally(values: readonly string[]): string {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return JSON.stringify(counts);
}
