import { randomBytes } from "node:crypto";
import { Command } from "commander";
import type { Running } from "../compose/run.ts";
import type { Config } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import { problemText } from "../core/problem.ts";
import type { Log } from "../ports/log.ts";
import { pooled } from "../seal/random-token.ts";
import { readConfig } from "./read-config.ts";
import { type ServiceState, serviceManager } from "./service-manager.ts";
import { type ExitCode, err, error, finish } from "./terminal.ts";
import { version } from "./version.ts";

interface ServeOptions {
  readonly config?: string;
}

/** `akproxy serve`: starts the listeners and runs until a signal (spec: cli). */
export function serveCommand(): Command {
  return new Command("serve")
    .description("start the listeners and serve until SIGTERM or SIGINT; SIGHUP reads the config again")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .addHelpText(
      "after",
      "\nExit: 78 the config is unusable, 77 no permission, 74 store, file or address unusable, 143 and 130 after a signal" +
        "\n\nExamples:\n  akproxy serve\n  akproxy serve -c /etc/akproxy/config.toml",
    )
    .action(async (options: ServeOptions) => {
      const code = await serve(options.config);
      if (code !== null) finish(code);
    });
}

/** Null: ended by a signal, which has set the exit code. */
async function serve(flag: string | undefined): Promise<ExitCode | null> {
  if (process.env["BUN_OPTIONS"]) {
    // Bun obeys it before any code of ours runs, a preload of a stranger's script too (SUP-03)
    error("BUN_OPTIONS is set: it could run other code inside akproxy", "unset it; akproxy needs no options of Bun");
    return 78;
  }
  const { loaded } = await readConfig(flag);
  for (const problem of loaded.problems) err(problemText(problem));
  if (loaded.config === null) return loaded.unreadable === "permission" ? 77 : 78;
  const { createLog } = await import("../compose/start-log.ts");
  const log = createLog(loaded.config.log);
  const running = await start(loaded.config, log);
  if ("exitCode" in running) return running.exitCode;
  const manager = serviceManager(process.env, log);
  announce(loaded.config, running, log);
  manager.tell("ready", `${loaded.config.providers.length} providers`);
  await untilStopped(running, log, manager.tell, () => reload(flag, running, log));
  manager.end();
  await log.flush();
  return null;
}

async function start(config: Config, log: Log): Promise<Running | { readonly exitCode: ExitCode }> {
  const { run } = await import("../compose/run.ts");
  const { exitCodeOf } = await import("../compose/exit-code.ts");
  try {
    return await run(config, {
      version,
      log,
      now: () => Math.floor(Date.now() / 1000),
      randomBytes: pooled((count) => new Uint8Array(randomBytes(count))),
    });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    await log.flush();
    return { exitCode: exitCodeOf(thrown) };
  }
}

/** One line per listener and provider: what is served where. */
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

/** SIGTERM and SIGINT drain, a second one cuts; SIGHUP reloads. Resolves once everything is closed. */
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
    tell("stopping", "finishing what is in flight");
    const finished = await running.drain();
    log.info("stopped", { everything_finished: finished });
    resolve();
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGHUP", async () => {
    tell("reloading", "reading the config again");
    tell("ready", await reloadConfig());
  });
  await promise;
}

/** Reads the config again; a bad one leaves the old one in force (CFG-07). */
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
