/** A program that this benchmark has started. */
export interface Launched {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface LaunchOptions {
  readonly core: "server" | "load" | "any"; //     servers on the first core, load and upstreams on the second
  readonly cwd: string;
  readonly port?: number; //                       waited for until it takes connections
  readonly env?: Readonly<Record<string, string>>;
}

const coresOf = { server: "0", load: "1", any: "0,1" } as const;
const running = new Set<Launched>();

/** Starts a program bound to its core. If it ends before its port is open, rejects with its output. */
export async function launch(command: readonly string[], options: LaunchOptions): Promise<Launched> {
  const log = `${options.cwd}/${(command[0] ?? "").split("/").pop()}-${options.port ?? 0}.log`;
  const child = Bun.spawn(["taskset", "-c", coresOf[options.core], ...command], {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: options.cwd, ...options.env },
    stdin: "ignore",
    stdout: Bun.file(log),
    stderr: Bun.file(log),
  });
  const launched: Launched = {
    pid: child.pid,
    async stop() {
      running.delete(launched);
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 3000);
      await child.exited;
      clearTimeout(late);
    },
  };
  running.add(launched);
  if (options.port === undefined || (await takesConnections(options.port, () => child.exitCode !== null)))
    return launched;
  await launched.stop();
  throw new Error(`${command.join(" ")}: does not listen on ${options.port}: ${await Bun.file(log).text()}`);
}

/** Ends everything that still runs. */
export async function stopAll(): Promise<void> {
  for (const launched of [...running].reverse()) await launched.stop();
}

async function takesConnections(port: number, hasEnded: () => boolean): Promise<boolean> {
  const latest = performance.now() + 15_000;
  while (performance.now() < latest && !hasEnded()) {
    if (await isOpen(port)) return true;
    await Bun.sleep(20);
  }
  return false;
}

/** Does a program accept connections at the port? */
export async function isOpen(port: number): Promise<boolean> {
  try {
    (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })).end();
    return true;
  } catch {
    return false;
  }
}

/** A port that no program uses now. */
export function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}
