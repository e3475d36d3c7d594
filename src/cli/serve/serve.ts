import { randomBytes } from "node:crypto";
import { Command } from "commander";
import type { Running } from "../../compose/run.ts";
import type { Config } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import { problemText } from "../../core/problem.ts";
import type { Log } from "../../ports/log.ts";
import { pooled } from "../../seal/random-token.ts";
import { configOption, readConfig } from "../config-file.ts";
import { type ExitCode, err, error, finish } from "../terminal.ts";
import { version } from "../version.ts";
import { type ServiceState, serviceManager } from "./service-manager.ts";

interface ServeOptions {
  readonly config?: string;
}

/** `akproxy serve`: starts the listeners and runs until a signal (spec: cli). */
export function serveCommand(): Command {
  return new Command("serve")
    .description("start the listeners and serve; SIGHUP reloads the config, SIGTERM and SIGINT stop")
    .addOption(configOption())
    .addHelpText(
      "after",
      "\nExit: 74 a store, file or address is unusable, 77 no permission, 78 the config is unusable," +
        "\n      130 and 143 after a signal" +
        "\n\nExamples:\n  akproxy serve\n  akproxy serve -c /etc/akproxy/config.toml",
    )
    .action(async (options: ServeOptions) => {
      const code = await serve(options.config);
      if (code !== null) finish(code);
    });
}

/** Null: ended by a signal, whose handler has set the exit code. */
async function serve(flag: string | undefined): Promise<ExitCode | null> {
  if (process.env["BUN_OPTIONS"]) {
    // Bun reads it before any code of akproxy runs, and it can preload a foreign script (SUP-03)
    error("BUN_OPTIONS is set: it could run other code inside akproxy", "unset it: akproxy needs no Bun options");
    return 78;
  }
  const { loaded } = await readConfig(flag);
  for (const problem of loaded.problems) err(problemText(problem));
  if (loaded.config === null) return loaded.unreadable === "permission" ? 77 : 78;
  const { processLog } = await import("../../compose/process.ts");
  const log = processLog(loaded.config.log);
  const started = await start(loaded.config, log);
  if (started.kind === "failed") return started.exitCode;
  const { running } = started;
  const manager = serviceManager(process.env, log);
  announce(loaded.config, running, log);
  manager.tell("ready", `${loaded.config.providers.length} providers`);
  await untilStopped(running, log, manager.tell, () => reload(flag, running, log));
  manager.end();
  await log.flush();
  return null;
}

type Started =
  | { readonly kind: "running"; readonly running: Running }
  | { readonly kind: "failed"; readonly exitCode: ExitCode };

async function start(config: Config, log: Log): Promise<Started> {
  const { run } = await import("../../compose/run.ts");
  const { exitCodeOf } = await import("../../compose/process.ts");
  try {
    const running = await run(config, {
      version,
      log,
      now: () => Math.floor(Date.now() / 1000),
      randomBytes: pooled((count) => new Uint8Array(randomBytes(count))),
    });
    return { kind: "running", running };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    await log.flush();
    return { kind: "failed", exitCode: exitCodeOf(thrown) };
  }
}

/** Logs one line for each listener and provider. */
function announce(config: Config, running: Running, log: Log): void {
  for (const { kind, address } of running.listeners) log.info("listening", { listener: kind, address });
  for (const provider of config.providers) {
    log.info("serving", {
      provider: provider.slug,
      mode: provider.mode,
      external_host: provider.externalHost.href,
      internal_host: provider.mode === "proxy" ? upstreamText(provider.upstream) : null,
      issuer: provider.oidc.issuer,
      client_id: provider.oidc.clientId,
    });
  }
  log.info("ready", {
    version,
    sessions: config.sessions.kind,
    state_dir: config.stateDir,
    most_connections: running.mostConnections,
  });
}

function upstreamText(upstream: {
  readonly scheme: string;
  readonly hostAndPort: string;
  readonly unixPath: string | null;
}): string {
  return upstream.unixPath === null ? `${upstream.scheme}://${upstream.hostAndPort}` : `unix:${upstream.unixPath}`;
}

/** SIGTERM and SIGINT drain, a second one stops at once; SIGHUP reloads. Resolves once everything is closed. */
async function untilStopped(
  running: Running,
  log: Log,
  tell: (state: ServiceState, status: string) => void,
  reloadConfig: () => Promise<string>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isStopping = false;
  const stop = async (signal: "SIGTERM" | "SIGINT") => {
    finish(signal === "SIGTERM" ? 143 : 130);
    if (isStopping) {
      log.warn("stopping at once", { signal });
      await running.stopNow();
      return resolve();
    }
    isStopping = true;
    log.info("stopping", { signal });
    tell("stopping", "finishing requests in flight");
    const finished = await running.drain();
    log.info("stopped", { everything_finished: finished });
    resolve();
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGHUP", async () => {
    tell("reloading", "reloading the config");
    tell("ready", await reloadConfig());
  });
  await promise;
}

/** Reads the config again. A config with errors changes nothing (CFG-07). */
async function reload(flag: string | undefined, running: Running, log: Log): Promise<string> {
  const { loaded } = await readConfig(flag);
  for (const problem of loaded.problems) err(problemText(problem));
  if (loaded.config === null) {
    log.error("reload refused: the config has errors, the old one stays in force");
    return "reload refused: the config has errors";
  }
  const fixed = running.reload(loaded.config);
  if (fixed.length > 0) log.warn("reload: these need a restart", { keys: fixed.join(", ") });
  log.info("reloaded", { providers: loaded.config.providers.length });
  return `${loaded.config.providers.length} providers`;
}
