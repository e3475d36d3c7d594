import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { Running } from "../../compose/run.ts";
import type { Config } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import { problemText } from "../../core/problem.ts";
import { type ExitCode, error, finish, out } from "../terminal.ts";
import { badWord, typedOption } from "../usage.ts";
import { version } from "../version.ts";
import { type DemoFacts, demoClientId, demoConfigText, demoUrl, loopbackAddress } from "./demo-config.ts";
import { demoText } from "./demo-text.ts";

interface DemoOptions {
  readonly port: number;
  readonly host: string;
  readonly verbose?: true;
}

/** `akproxy demo`: a toy issuer, an application without login and akproxy in front, on loopback only (decision 24). */
export function demoCommand(): Command {
  return new Command("demo")
    .description("run a demo on this machine: a toy issuer, an application without login, and akproxy in front")
    .addOption(typedOption("--port <port>", "port to open in the browser", portOf).default(9000))
    .addOption(typedOption("--host <address>", "loopback address to listen on", loopbackOf).default("127.0.0.1"))
    .option("-v, --verbose", "print the access log")
    .addHelpText(
      "after",
      "\nExit: 2 usage, 74 the port is in use, 130 and 143 after a signal" +
        "\n\nExamples:\n  akproxy demo\n  akproxy demo --port 8000 --verbose",
    )
    .action(async (options: DemoOptions) => {
      const code = await demo(options);
      if (code !== null) finish(code);
    });
}

/** Null: ended by a signal, which has set the exit code. The demo reads no config file, so a file cannot change it (decision 24). */
async function demo(options: DemoOptions): Promise<ExitCode | null> {
  const { host: hostname, port } = options;
  const started = await start({ hostname, port, logLevel: options.verbose ? "info" : "warn" });
  if (started.kind === "failed") return started.exitCode;
  out(demoText(started.facts));
  await untilSignal();
  await started.close();
  return null;
}

function loopbackOf(word: string): string {
  const address = loopbackAddress(word);
  if (address !== null) return address;
  throw badWord(
    `address ${JSON.stringify(word)} is not a loopback address`,
    "everyone who opens the demo may enter, so it stays on this machine: use 127.0.0.1 or ::1, or leave --host out",
  );
}

function portOf(word: string): number {
  const port = Number(word);
  if (/^\d{1,5}$/.test(word) && port >= 1 && port <= 65535) return port;
  throw badWord(`port ${JSON.stringify(word)} is not a port`, "use a port from 1 to 65535, for example --port 9000");
}

interface Demo {
  readonly kind: "started";
  readonly facts: DemoFacts;
  close(): Promise<void>;
}

type DemoAddress = Pick<DemoFacts, "hostname" | "port" | "logLevel">;

type Started = Demo | { readonly kind: "failed"; readonly exitCode: ExitCode };

/** Starts the issuer, the application and akproxy. If akproxy cannot start, the other two are closed again. */
async function start(address: DemoAddress): Promise<Started> {
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
    return { kind: "started", facts, close: () => akproxy.stopNow().then(closeBehind) };
  } catch (thrown) {
    await closeBehind();
    if (!(thrown instanceof Failure)) throw thrown;
    return { kind: "failed", exitCode: await reported(thrown, address) };
  }
}

/** The demo's config, read by the parser of every config file. A problem in it is an internal error. */
async function demoConfig(facts: DemoFacts): Promise<Config> {
  const { parseConfigText } = await import("../../config/load.ts");
  const { config, problems } = await parseConfigText(demoConfigText(facts), { file: "demo.toml", env: {} });
  if (config === null) throw new Error(`the demo's config is bad\n${problems.map(problemText).join("\n")}`);
  return config;
}

async function startAkproxy(config: Config): Promise<Running> {
  const [{ run }, { processLog }] = await Promise.all([
    import("../../compose/run.ts"),
    import("../../compose/process.ts"),
  ]);
  return run(config, {
    version,
    log: processLog(config.log),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
  });
}

async function reported(failure: Failure, { port }: DemoAddress): Promise<ExitCode> {
  const { cause } = failure;
  if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE") {
    error(
      `demo: port ${port} is in use by another program`,
      `choose another port: akproxy demo --port ${port < 65535 ? port + 1 : 9000}`,
    );
    return 74;
  }
  const { exitCodeOf } = await import("../../compose/process.ts");
  error(`demo: ${failure.message}`);
  return exitCodeOf(failure);
}

/** Resolves at the first signal. A second one ends the process at once, by the default of the system. */
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
