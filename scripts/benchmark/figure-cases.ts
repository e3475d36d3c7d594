import { join } from "node:path";
import { isOpen, type Launched, launch } from "./launch.ts";
import { median } from "./percentile.ts";
import { costOf, forgetPeak, peakKib } from "./process-cost.ts";
import type { FigureCase } from "./shot.ts";
import type { World } from "./world.ts";

/** Cases that measure something else than throughput: starting, idling, memory. */
export function figureCases(world: World): readonly FigureCase[] {
  return [start(world), idleConnections(world), transfer(world)];
}

const range = (values: readonly number[], digits: number) =>
  `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)}]`;

function start(world: World): FigureCase {
  return {
    kind: "figures",
    name: "start",
    title: "Start of the compiled executable, SQLite store, no core of its own",
    columns: ["ms to listening", "MiB resident after 3 s"],
    async rows(rounds) {
      const server = await world.akproxy("start", `sqlite:${join(world.folder, "start.sqlite.d", "sessions.sqlite")}`);
      await server.stop(); //                      it has made its store
      const times: number[] = [];
      const resident: number[] = [];
      for (let round = 0; round < rounds * 3; round++) {
        const began = performance.now();
        const again = await launch([world.binary, "serve", "-c", join(world.folder, "start", "akproxy.toml")], {
          core: "any",
          cwd: world.folder,
        });
        while (!(await isOpen(server.port))) await Bun.sleep(1);
        times.push(performance.now() - began);
        if (round % 3 === 0) {
          await Bun.sleep(3000);
          resident.push(costOf(again.pid).residentKib / 1024);
        }
        await again.stop();
      }
      return [["akproxy", range(times, 1), range(resident, 0)]];
    },
  };
}

interface Idle {
  readonly name: string;
  readonly server: Launched;
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly cookie: string;
}

/** As many as a process of 20,000 open files takes as clients (DOS-04). */
const idle = 9_000;

function idleConnections(world: World): FigureCase {
  return {
    kind: "figures",
    name: "idle-9k",
    title: "9,000 connections, idle after one answer of 1 KiB",
    columns: ["KiB resident each", "MiB before, with them, after"],
    async rows() {
      const rows: (readonly string[])[] = [];
      for (const contender of await idlers(world)) rows.push(await measureIdle(world, contender));
      return rows;
    },
  };
}

async function idlers(world: World): Promise<readonly Idle[]> {
  const plain = await world.akproxy("idle plain");
  const tls = await world.akproxy("idle tls");
  const { files: upstream, certificate, key } = world;
  const nginx = await world.nginx({ kind: "proxy", upstream, buffers: "shipped" });
  const nginxTls = await world.nginx({ kind: "tls", upstream, certificate, key });
  const peer = { host: "x", cookie: "a=b" };
  const us = await known(world, "http", "app", plain.port);
  const usTls = await known(world, "https", "secure", tls.tlsPort);
  return [
    { name: "nginx", server: nginx, port: nginx.port, scheme: "http", ...peer },
    { name: "akproxy", server: plain, port: plain.port, scheme: "http", ...us },
    { name: "nginx, HTTPS", server: nginxTls, port: nginxTls.port, scheme: "https", ...peer },
    { name: "akproxy, HTTPS", server: tls, port: tls.tlsPort, scheme: "https", ...usTls },
  ];
}

async function known(world: World, scheme: string, slug: string, port: number) {
  const host = `${slug}.localhost:${port}`;
  return { host, cookie: await world.login(`${scheme}://${host}/1k`) };
}

async function measureIdle(
  world: World,
  { name, server, port, scheme, host, cookie }: Idle,
): Promise<readonly string[]> {
  const resident = () => costOf(server.pid).residentKib;
  const open = async (connections: number) => {
    const facts = JSON.stringify({ port, host, cookie, scheme, connections });
    const load = Bun.spawn(["taskset", "-c", "1", process.execPath, join(import.meta.dir, "idle-load.ts"), facts], {
      cwd: world.folder,
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await load.stdout.getReader().read();
    if (value === undefined) throw new Error(`${name}: the idle connections could not be opened`);
    await Bun.sleep(3000);
    return async () => {
      load.kill("SIGKILL");
      await load.exited;
      await Bun.sleep(1500);
    };
  };
  await (await open(500))(); //                    the first connections cost more than the next ones
  const before = resident();
  const close = await open(idle);
  const during = resident();
  await close();
  const mib = [before, during, resident()].map((kib) => (kib / 1024).toFixed(0)).join(", ");
  return [name, ((during - before) / idle).toFixed(2), mib];
}

function transfer(world: World): FigureCase {
  return {
    kind: "figures",
    name: "transfer-1g",
    title: "1 GiB through a fresh process",
    columns: ["MiB idle", "MiB at most, download", "MiB at most, slow download (200 MiB/s)", "MiB at most, upload"],
    async rows() {
      const server = await world.akproxy("transfer");
      const app = await known(world, "http", "app", server.port);
      const live = await known(world, "http", "live", server.port);
      await Bun.sleep(2000);
      const idleMib = (costOf(server.pid).residentKib / 1024).toFixed(0);
      const at = `http://127.0.0.1:${server.port}`;
      const headers = ({ host, cookie }: typeof app) => ["-H", `Host: ${host}`, "-H", `Cookie: ${cookie}`];
      const peak = async (...options: readonly string[]) => {
        await forgetPeak(server.pid);
        await curl(options);
        return (peakKib(server.pid) / 1024).toFixed(0);
      };
      const down = await peak(...headers(app), `${at}/1g`);
      const slow = await peak("--limit-rate", "200M", ...headers(app), `${at}/1g`);
      const up = await peak("-T", join(world.folder, "files", "1g"), "-X", "POST", ...headers(live), `${at}/upload`);
      return [["akproxy", idleMib, down, slow, up]];
    },
  };
}

async function curl(options: readonly string[]): Promise<void> {
  const child = Bun.spawn(["taskset", "-c", "1", "curl", "-sS", "-f", "-o", "/dev/null", ...options], {
    stderr: "pipe",
  });
  if ((await child.exited) !== 0) throw new Error(`curl: ${await new Response(child.stderr).text()}`);
}
