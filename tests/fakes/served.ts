import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { akproxyCommand } from "./run-akproxy.ts";
import { proxiedApp, sampleConfig } from "./sample-config.ts";

/** `akproxy serve` as a process of its own, from source. */
export interface Served {
  readonly folder: string;
  readonly configFile: string;
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** Its exit code, when all of its output is read. */
  readonly exited: Promise<number>;
  /** The origin of a listener, taken from its start line: http://127.0.0.1:PORT. */
  address(listener: "http" | "https" | "metrics"): Promise<string>;
  /** Resolves when the log holds such an event; the line, parsed. */
  event(name: string): Promise<Readonly<Record<string, unknown>>>;
  stderr(): string;
  /** What it wrote to stdout and stderr so far. */
  output(): string;
  /** Ends it when it has not ended by itself, and removes its folder. */
  end(): Promise<void>;
}

export interface ServeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly openFiles?: number; //                  the most it may have, as `ulimit -n`
  readonly prepare?: (folder: string) => void;
}

/** Starts `akproxy serve -c FILE` in a new folder; `config` gets the folder. */
export function serveProcess(config: (folder: string) => string, options: ServeOptions = {}): Served {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-serve-"));
  const configFile = join(folder, "akproxy.toml");
  writeFileSync(configFile, config(folder));
  chmodSync(configFile, 0o600);
  options.prepare?.(folder);
  const command = [...akproxyCommand, "serve", "-c", configFile];
  const limited = ["sh", "-c", `ulimit -n ${options.openFiles}; exec "$@"`, "sh", ...command];
  const child = Bun.spawn(options.openFiles === undefined ? command : limited, {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines: Readonly<Record<string, unknown>>[] = [];
  const waiting: { name: string; resolve: (line: Readonly<Record<string, unknown>>) => void }[] = [];
  let log = "";
  let errors = "";
  const readLog = eachLine(child.stdout, (text) => {
    const line = JSON.parse(text);
    lines.push(line);
    log += `${text}\n`;
    for (const waiter of waiting) if (waiter.name === line.event) waiter.resolve(line);
  });
  const readErrors = eachLine(child.stderr, (text) => {
    errors += `${text}\n`;
  });
  const exited = child.exited.then(async (code) => {
    await Promise.all([readLog, readErrors]);
    return code;
  });
  const event = (name: string): Promise<Readonly<Record<string, unknown>>> => {
    const seen = lines.find((line) => line["event"] === name);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      waiting.push({ name, resolve });
      void exited.then((code) => reject(new Error(`serve ended with ${code} before "${name}": ${errors}`)));
    });
  };
  return {
    folder,
    configFile,
    process: child,
    exited,
    async address(listener) {
      await event("ready");
      return String(lines.find((line) => line["event"] === "listening" && line["listener"] === listener)?.["address"]);
    },
    event,
    stderr: () => errors,
    output: () => log + errors,
    async end() {
      if (child.exitCode === null) child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A small valid config on free ports. */
export function serveConfig(
  more: {
    readonly internalHost?: string;
    readonly https?: string;
    readonly top?: string;
    readonly provider?: string;
  } = {},
) {
  const { internalHost = "http://127.0.0.1:1", https = "", top = "", provider = "" } = more;
  return (folder: string): string =>
    sampleConfig({
      top: `state_dir = "${folder}/state"`,
      listen: `http = "127.0.0.1:0"
https = "${https}"
metrics = "127.0.0.1:0"
[log]
format = "json"
${top}`,
      tables: `${proxiedApp(internalHost, "http://app.localhost")}skip_path_regex = "^/public/"
${provider}`,
    });
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part !== "") take(part);
  }
}
