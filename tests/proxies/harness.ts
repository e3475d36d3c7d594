import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { type Browser, createBrowser } from "../fakes/browser.ts";
import { freePort } from "../fakes/free-port.ts";
import { runAkproxy } from "../fakes/run-akproxy.ts";
import { waitUntil } from "../fakes/waits.ts";
import type { Guard } from "./guard.ts";
import { commandOf, endSignalOf, type ProgramName, statusTooEarlyOf } from "./programs.ts";

/** The real program, running on what `akproxy snippet` printed, on 127.0.0.1. */
export interface Real {
  readonly port: number;
  readonly folder: string;
  readonly files: readonly string[]; //            names of the snippet's files
  /** A browser that finds every host of the guard at this program. */
  browser(): Browser;
  /** What it wrote to its output so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Which provider's snippet, and the addresses in it: `outpost` is akproxy's and `upstream` the application's, the guard's unless others are given. */
export interface RealOptions {
  readonly slug: string;
  readonly host: string; //                        one that it serves
  readonly outpost?: string;
  readonly upstream?: string;
  readonly port?: number; //                       a free one
}

/** Starts the program with the snippet's output as it is, and waits until it takes connections. */
export async function startReal(name: ProgramName, guard: Guard, options: RealOptions): Promise<Real> {
  const folder = mkdtempSync(join(tmpdir(), `akproxy-${name}-`));
  chmodSync(folder, 0o755); // programs started by root serve as another user
  const port = options.port ?? freePort();
  const files = await writeSnippet(name, guard, folder, { ...options, port });
  const command = commandOf(name, folder);
  if (command === null) throw new Error(`${name} is not here`);
  const outputFile = openSync(join(folder, "output"), "a"); // Apache opens /dev/stderr again, which fails for a socket
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, HOME: folder, TMPDIR: folder },
    stdin: "ignore",
    stdout: outputFile,
    stderr: outputFile,
  });
  const output = () => readFileSync(join(folder, "output"), "utf8");
  const stop = async () => {
    await end(name, child);
    closeSync(outputFile);
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await isUp(name, `${guard.scheme}://127.0.0.1:${port}/`, options.host, child))) {
    const said = output();
    await stop();
    throw new Error(`${name} does not listen on ${port}: ${said}`);
  }
  const here = `127.0.0.1:${port}`;
  const hosts = ["proxied.test", "app.test", "auth.corp.test", "a.corp.test", "b.corp.test", "corp.test", "evil.test"];
  const resolve = Object.fromEntries(hosts.map((host) => [host, here]));
  return { port, folder, files, browser: () => createBrowser({ resolve }), output, stop };
}

/** `akproxy snippet NAME SLUG --complete`, its files as they are. */
async function writeSnippet(
  name: ProgramName,
  guard: Guard,
  folder: string,
  { slug, port, outpost = guard.origin, upstream = guard.application.origin }: RealOptions & { readonly port: number },
): Promise<readonly string[]> {
  const listen = `${guard.scheme}://127.0.0.1:${port}`;
  const addresses = ["--outpost", outpost, "--upstream", upstream, "--listen", listen];
  const certificate = guard.scheme === "https" ? ["--certificate", writeCertificate(folder)] : [];
  const options = ["--complete", "--json", "-c", guard.configFile, ...certificate];
  const words = ["snippet", name, slug, ...options, ...addresses];
  const { code, stdout, stderr } = await runAkproxy(words);
  if (code !== 0) throw new Error(`akproxy snippet ${name} ${slug}: ${stderr}`);
  const { files }: { readonly files: readonly { readonly name: string; readonly text: string }[] } = JSON.parse(stdout);
  for (const file of files) writeFileSync(join(folder, file.name), file.text);
  return files.map((file) => file.name);
}

/** A certificate for every name that tests use, and its key, in one file. */
function writeCertificate(folder: string): string {
  const names = ["proxied", "app", "*.corp"].flatMap((name) => [`${name}.test`, `${name}.localhost`]);
  const { certificatePem, keyPem } = makeSelfSigned({ names, days: 2, now: Math.floor(Date.now() / 1000) });
  const file = join(folder, "certificate.pem");
  writeFileSync(file, `${certificatePem}${keyPem}`, { mode: 0o644 });
  return file;
}

async function isUp(name: ProgramName, url: string, host: string, child: Bun.Subprocess): Promise<boolean> {
  const early = statusTooEarlyOf(name);
  const port = Number(new URL(url).port);
  const answers = async () =>
    (await connects(port)) && (early === null || (await statusAt(url, host, early)) !== early);
  const isOver = () => child.exitCode !== null;
  await waitUntil(async () => isOver() || (await answers()), 15_000).catch(() => 0);
  return !isOver() && (await answers());
}

/** `early` where there is no answer. */
async function statusAt(url: string, host: string, early: number): Promise<number> {
  const tls = { rejectUnauthorized: false, serverName: host };
  const answer = await fetch(url, { headers: { host }, redirect: "manual", tls }).catch(() => null);
  return answer?.status ?? early;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function end(name: ProgramName, child: Bun.Subprocess): Promise<void> {
  child.kill(endSignalOf(name));
  await waitUntil(() => child.exitCode !== null || child.signalCode !== null, 10_000).catch(() =>
    child.kill("SIGKILL"),
  );
  await child.exited;
}
