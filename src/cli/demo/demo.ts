import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { Running } from "../../compose/run.ts";
import type { Config } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import { problemText } from "../../core/problem.ts";
import { type ExitCode, error, finish, out } from "../terminal.ts";
import { version } from "../version.ts";
import { type DemoFacts, demoClientId, demoConfigText, demoUrl, loopbackAddress } from "./demo-config.ts";
import { demoText } from "./demo-text.ts";

interface DemoOptions {
  readonly port: string;
  readonly host: string;
  readonly verbose?: true;
}

/** `akproxy demo`: a toy issuer, an application without login and akproxy in front, on loopback alone (decision 24). */
export function demoCommand(): Command {
  return new Command("demo")
    .description("try akproxy on this machine alone: a toy issuer, an application without login, akproxy in front")
    .option("--port <port>", "port to open in the browser", "9000")
    .option("--host <address>", "loopback address to listen at", "127.0.0.1")
    .option("-v, --verbose", "print the access log")
    .addHelpText(
      "after",
      "\nExit: 2 not loopback, or no port; 74 the port is taken; 130 and 143 after a signal" +
        "\n\nExamples:\n  akproxy demo\n  akproxy demo --port 8000 --verbose",
    )
    .action(async (options: DemoOptions) => {
      const code = await demo(options);
      if (code !== null) finish(code);
    });
}

/** Null: ended by a signal, which has set the exit code. No config file is looked for: nothing in one can reach the demo. */
async function demo(options: DemoOptions): Promise<ExitCode | null> {
  const hostname = loopbackAddress(options.host);
  if (hostname === null) {
    error(
      `demo: address "${options.host}" is not a loopback address`,
      "the demo lets anybody in who opens it, so it stays on this machine: leave --host out, or name 127.0.0.1 or ::1",
    );
    return 2;
  }
  const port = Number(options.port);
  if (!/^\d{1,5}$/.test(options.port) || port < 1 || port > 65535) {
    error(`demo: port "${options.port}" is not a port`, "name one from 1 to 65535, for example --port 9000");
    return 2;
  }
  const started = await start({ hostname, port, logLevel: options.verbose ? "info" : "warn" });
  if ("exitCode" in started) return started.exitCode;
  out(demoText(started.facts));
  await untilSignal();
  await started.close();
  return null;
}

interface Demo {
  readonly facts: DemoFacts;
  close(): Promise<void>;
}

type DemoAddress = Pick<DemoFacts, "hostname" | "port" | "logLevel">;

/** Starts all three; what was started is closed again when a later one fails. */
async function start(address: DemoAddress): Promise<Demo | { readonly exitCode: ExitCode }> {
  const [{ startToyIssuer }, { startEchoApp }] = await Promise.all([
    import("../../demo/toy-issuer.ts"),
    import("../../demo/echo-app.ts"),
  ]);
  const url = demoUrl(address);
  const clientSecret = token();
  const application = startEchoApp({ port: 0 });
  const issuer = await startToyIssuer({
    port: 0,
    clients: [
      {
        clientId: demoClientId,
        clientSecret,
        redirectUris: [`${url}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`],
        postLogoutRedirectUris: [`${url}/outpost.goauthentik.io/sign_out`],
      },
    ],
  });
  const facts: DemoFacts = {
    ...address,
    issuer: issuer.issuer,
    application: application.url,
    clientSecret,
    outpostSecret: token(),
    stateDir: join(tmpdir(), "akproxy-demo"),
  };
  const closeBehind = async () => {
    await Promise.all([application.close(), issuer.close()]);
  };
  try {
    const akproxy = await startAkproxy(await demoConfig(facts));
    return { facts, close: () => akproxy.stopNow().then(closeBehind) };
  } catch (thrown) {
    await closeBehind();
    if (!(thrown instanceof Failure)) throw thrown;
    return { exitCode: await reported(thrown, address) };
  }
}

/** The demo's config, through the parser of every other; a problem in it is a bug. */
async function demoConfig(facts: DemoFacts): Promise<Config> {
  const { parseConfigText } = await import("../../config/load.ts");
  const { config, problems } = await parseConfigText(demoConfigText(facts), { file: "demo.toml", env: {} });
  if (config === null) throw new Error(`the demo's config is bad\n${problems.map(problemText).join("\n")}`);
  return config;
}

async function startAkproxy(config: Config): Promise<Running> {
  const [{ run }, { createLog }] = await Promise.all([
    import("../../compose/run.ts"),
    import("../../compose/start-log.ts"),
  ]);
  return run(config, {
    version,
    log: createLog(config.log),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
  });
}

async function reported(failure: Failure, { port }: DemoAddress): Promise<ExitCode> {
  const { cause } = failure;
  if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE") {
    error(
      `demo: port ${port} is taken by another program`,
      `choose another: akproxy demo --port ${port < 65535 ? port + 1 : 9000}`,
    );
    return 74;
  }
  const { exitCodeOf } = await import("../../compose/exit-code.ts");
  error(`demo: ${failure.message}`);
  return exitCodeOf(failure);
}

/** A second signal ends the process as it would any. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const on = (signal: "SIGINT" | "SIGTERM", code: 130 | 143) =>
      process.once(signal, () => {
        finish(code);
        resolve();
      });
    on("SIGINT", 130);
    on("SIGTERM", 143);
  });
}

function token(): string {
  return randomBytes(32).toString("base64url");
}
