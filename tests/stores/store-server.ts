import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionsConfig } from "../../src/core/config.ts";
import { freePort } from "../fakes/free-port.ts";
import { isLeftOut } from "../fakes/left-out.ts";
import { waitUntil } from "../fakes/waits.ts";

export type ServerName = "redis" | "postgres";

/** A real server on 127.0.0.1 with a new data folder. */
export interface StoreServer {
  readonly port: number;
  readonly url: string; //                         as `sessions.store` has it
  /** The config of a new store in it: a key prefix, or a database. */
  newStore(): Promise<SessionsConfig & { readonly kind: ServerName }>;
  start(): Promise<void>;
  /** How much is in it, over all stores: keys of Redis, rows and bytes of PostgreSQL's default database. */
  size(): Promise<string>;
  /** kill -9, the processes it has started included. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a server that accepts connections and never answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly settings?: readonly string[]; //        more arguments
}

/** Is it installed? If not, the run lists its tests as left out. */
export function isServerHere(name: ServerName): boolean {
  const found = name === "redis" ? redisExecutable() : postgresFolder();
  if (found !== null) return true;
  isLeftOut(`the tests on a real ${name}`, "it is not installed (scripts/stores installs it)");
  return false;
}

/** Starts a server and waits until it accepts connections. */
export async function startServer(name: ServerName, options: ServerOptions = {}): Promise<StoreServer> {
  const folder = mkdtempSync(join(tmpdir(), `akproxy-${name}-`));
  chmodSync(folder, 0o755); // the server may be another user
  const port = freePort();
  const settings = options.settings ?? [];
  const command =
    name === "redis" ? redisCommand(folder, port, settings) : await postgresCommand(folder, port, settings);
  let child: Bun.Subprocess | null = null;
  let stores = 0;

  async function start(): Promise<void> {
    child = Bun.spawn([...command], { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    const started = child;
    const isUp = async () => {
      if (started.exitCode !== null) throw new Error(`${name} does not start on ${port}`);
      return isReady(name, port);
    };
    await waitUntil(isUp, 15_000);
  }

  async function signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    if (child === null || child.exitCode !== null) return;
    const family = [...childrenOf(child.pid), child.pid];
    for (const pid of family) send(pid, name);
    if (name === "SIGKILL") await Promise.all([child.exited, waitUntil(() => haveEnded(family))]);
  }

  // no server stays when a run ends with an error
  const endWithUs = () => child?.kill("SIGKILL");
  process.on("exit", endWithUs);
  const stop = async () => {
    process.off("exit", endWithUs);
    await signal("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  await start();
  const base = name === "redis" ? `redis://127.0.0.1:${port}` : `postgres://akproxy@127.0.0.1:${port}`;
  return {
    port,
    url: name === "redis" ? base : `${base}/postgres`,
    async newStore() {
      stores += 1;
      if (name === "redis") {
        const keyPrefix = `store${stores}:`;
        return { kind: "redis", url: base, place: base, keyPrefix, certificateAuthorities: null };
      }
      await createDatabase(`${base}/postgres`, `store${stores}`);
      const url = `${base}/store${stores}`;
      return { kind: "postgres", url, place: url, tlsMode: "disable", certificateAuthorities: null };
    },
    start,
    size: () => (name === "redis" ? redisSize(base) : postgresSize(`${base}/postgres`)),
    kill: () => signal("SIGKILL"),
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    stop,
  };
}

async function redisSize(url: string): Promise<string> {
  const client = new Bun.RedisClient(url);
  const keys = await client.send("DBSIZE", []);
  client.close();
  return `${keys} keys`;
}

async function postgresSize(url: string): Promise<string> {
  const sql = new Bun.SQL(url, { max: 1 });
  const [row] = await sql.unsafe<{ rows: string; bytes: string }[]>(
    "SELECT count(*) AS rows, pg_total_relation_size('akproxy_sessions') AS bytes FROM akproxy_sessions",
  );
  await sql.close();
  return `${row?.rows} rows, ${row?.bytes} bytes`;
}

function redisExecutable(): string | null {
  return Bun.which("redis-server") ?? Bun.which("valkey-server");
}

function redisCommand(folder: string, port: number, settings: readonly string[]): readonly string[] {
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
  return [redisExecutable() ?? "redis-server", ...own, ...settings];
}

/** Debian installs PostgreSQL's programs in a folder per version. */
function postgresFolder(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)) : [];
  const folders = versions.map((version) => join(root, version, "bin"));
  const beside = Bun.which("postgres");
  if (beside !== null) folders.push(join(beside, ".."));
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"))) ?? null;
}

/** PostgreSQL does not run as root. */
function asPostgres(): readonly string[] {
  return process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
}

async function postgresCommand(folder: string, port: number, settings: readonly string[]): Promise<readonly string[]> {
  const programs = postgresFolder() ?? "";
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (asPostgres().length > 0) await run(["chown", "postgres", data]);
  await run([
    ...asPostgres(),
    join(programs, "initdb"),
    "-D",
    data,
    "-A",
    "trust",
    "-U",
    "akproxy",
    "--no-sync",
    "-E",
    "UTF8",
  ]);
  const own = ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", data, "-c", "shared_buffers=16MB"];
  // the system keeps what a killed process wrote; only a power loss would lose it
  own.push("-c", "fsync=off");
  return [...asPostgres(), join(programs, "postgres"), ...own, ...settings];
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { cwd: "/", stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${said}`);
}

async function createDatabase(url: string, name: string): Promise<void> {
  const sql = new Bun.SQL(url, { max: 1 });
  await sql.unsafe(`CREATE DATABASE ${name}`);
  await sql.close();
}

/** Does it answer, and no longer "starting up" or "loading"? */
async function isReady(name: ServerName, port: number): Promise<boolean> {
  if (name === "redis") return /^(?:\+PONG|-NOAUTH)/.test(await answerTo("PING\r\n", port));
  try {
    const sql = new Bun.SQL(`postgres://akproxy@127.0.0.1:${port}/postgres`, { max: 1, connectionTimeout: 2 });
    await sql.unsafe("SELECT 1");
    await sql.close();
    return true;
  } catch {
    return false;
  }
}

/** The first bytes of the answer; empty when the port has no listener. */
function answerTo(question: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(question));
    socket.on("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(""));
  });
}

function childrenOf(pid: number): readonly number[] {
  const { stdout } = Bun.spawnSync(["pgrep", "-P", String(pid)]);
  return stdout.toString().split("\n").filter(Boolean).map(Number);
}

/** PostgreSQL does not start again while a process of the last run has its shared memory. */
function haveEnded(pids: readonly number[]): boolean {
  const { stdout } = Bun.spawnSync(["ps", "-o", "stat=", "-p", pids.join(",")]);
  const states = stdout.toString().split("\n").filter(Boolean);
  return states.every((state) => state.startsWith("Z"));
}

function send(pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended meanwhile
  }
}
