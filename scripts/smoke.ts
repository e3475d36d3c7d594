/**
 * The compiled akproxy as a user runs it, from a directory that would like to run something else (SUP-03): version, validate,
 * a whole login through serve, the demo, and what a start costs. Usage: bun scripts/smoke.ts /absolute/path/to/akproxy
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startToyIssuer } from "../src/demo/toy-issuer.ts";
import { createBrowser, isToyLogin, loginAs } from "../tests/fakes/browser.ts";

const binary = process.argv[2] ?? join(import.meta.dir, "../dist/akproxy");
const folder = mkdtempSync(join(tmpdir(), "akproxy-smoke-"));
const marker = join(folder, "marker");
const stops: (() => unknown)[] = [];
let failed = 0;

function check(fact: string, holds: boolean, seen = ""): void {
  if (!holds) failed += 1;
  console.log(`${holds ? "ok    " : "FAILED"} ${fact}${holds || seen === "" ? "" : `\n       seen: ${seen}`}`);
}

function run(...args: readonly string[]): { readonly code: number; readonly text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([binary, ...args], { cwd: folder, timeout: 10_000 });
  return { code: exitCode, text: `${stdout}${stderr}` };
}

type Child = Bun.Subprocess<"ignore", "pipe", "inherit">;

function start(...args: readonly string[]): Child {
  const child = Bun.spawn([binary, ...args], { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  stops.push(() => child.kill("SIGKILL"));
  return child;
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}

/** Milliseconds until a program accepts connections at `port`; null after ten seconds. */
async function untilListening(port: number): Promise<number | null> {
  const began = performance.now();
  while (performance.now() - began < 10_000) {
    try {
      (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })).end();
      return performance.now() - began;
    } catch {
      await Bun.sleep(1);
    }
  }
  return null;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`)
    .text()
    .catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1000;
}

interface Addresses {
  readonly port: number;
  readonly metrics: number;
  readonly issuer: string;
  readonly upstream: number;
}

function config({ port, metrics, issuer, upstream }: Addresses): string {
  return `
state_dir = "./state"
[listen]
http = "127.0.0.1:${port}"
https = ""
metrics = "127.0.0.1:${metrics}"
[oidc]
issuer = "${issuer}"
client_id = "smoke"
client_secret = "\${SMOKE_SECRET:-the right one}"
[providers.app]
mode = "proxy"
external_host = "http://app.localhost:${port}"
internal_host = "http://127.0.0.1:${upstream}"
`;
}

function layTraps(): void {
  writeFileSync(join(folder, ".env"), 'SMOKE_SECRET=stolen\nAKPROXY_CONFIG="/nowhere"\n');
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(folder, "preload.ts"), `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "ran");\n`);
}

function commands(): void {
  const version = run("version");
  check("version answers", version.code === 0 && version.text.startsWith("akproxy "), version.text);
  const good = run("validate", "-c", "akproxy.toml");
  check("validate takes a good file", good.code === 0, good.text);
  writeFileSync(join(folder, "bad.toml"), '[listen]\nhttps = ""\nhtpp = "127.0.0.1:1"\n');
  const bad = run("validate", "-c", "bad.toml");
  check(
    "validate refuses a bad file with 1, naming the place",
    bad.code === 1 && /bad\.toml:3:1: error: /.test(bad.text),
    bad.text,
  );
  const unusable = run("serve", "-c", "bad.toml");
  check("serve refuses it with 78", unusable.code === 78, `${unusable.code} ${unusable.text}`);
}

async function login(port: number): Promise<void> {
  const browser = createBrowser();
  const url = `http://app.localhost:${port}/deep/link?q=1`;
  const page = await loginAs(browser, url, "alice");
  check(
    "a login ends at the page that was asked for",
    page.status === 200 && page.url === url,
    `${page.status} ${page.url} ${page.text.slice(0, 300)}`,
  );
  check(
    "the application is told who it is",
    page.text.includes('"x-authentik-username":"alice"'),
    page.text.slice(0, 300),
  );
  const forged = await browser.get(url, {
    headers: { "X-authentik-username": "mallory", X_authentik_username: "mallory" },
  });
  check("nobody else can tell it so", forged.text.includes('"alice"') && !forged.text.includes("mallory"), forged.text);
  await browser.follow(`http://app.localhost:${port}/outpost.goauthentik.io/sign_out`);
  const after = await browser.get(url);
  const again = createBrowser();
  check("after sign-out the session is gone", after.status === 302, `${after.status}`);
  check("a second browser has to log in", isToyLogin(await again.follow(url)));
}

/** An upstream that answers with the headers it received, an issuer, and the config between them. */
async function surround(): Promise<Addresses> {
  const upstream = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => Response.json(Object.fromEntries(request.headers)),
  });
  stops.push(() => upstream.stop(true));
  const port = freePort();
  const redirectUri = `http://app.localhost:${port}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`;
  const issuer = await startToyIssuer({
    port: 0,
    clients: [{ clientId: "smoke", clientSecret: "the right one", redirectUris: [redirectUri] }],
  });
  stops.push(() => issuer.close());
  const addresses = { port, metrics: freePort(), issuer: issuer.issuer, upstream: upstream.port ?? 0 };
  writeFileSync(join(folder, "akproxy.toml"), config(addresses), { mode: 0o600 });
  return addresses;
}

/** Starts five times and leaves the last one running. */
async function startServe(port: number): Promise<Child> {
  const times: number[] = [];
  for (;;) {
    const child = start("serve", "-c", "akproxy.toml");
    const took = await untilListening(port);
    if (took === null) throw new Error("serve does not listen after ten seconds");
    times.push(took);
    if (times.length === 5) {
      const [first = 0] = times;
      const median = times.toSorted((a, b) => a - b)[2] ?? 0;
      console.log(
        `figure ${median.toFixed(0)} ms to listening (median of 5; the first, which makes state_dir: ${first.toFixed(0)})`,
      );
      return child;
    }
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function serve(): Promise<void> {
  const addresses = await surround();
  commands();
  const child = await startServe(addresses.port);
  const log = new Response(child.stdout).text();
  await Bun.sleep(500); // what a start leaves to be collected
  const idle = await residentMegabytes(child.pid);
  console.log(`figure ${idle.toFixed(0)} MB resident when idle`);
  check("it idles under 100 MB", !(idle >= 100), `${idle} MB`);
  await login(addresses.port);
  await health(addresses.metrics);
  child.kill("SIGTERM");
  check("SIGTERM ends it with 143", (await child.exited) === 143, String(child.exitCode));
  const lines = (await log).trim().split("\n");
  check(
    "its log is JSON, a line an event",
    lines.length > 5 && lines.every((line) => line.startsWith('{"time":"')),
    lines[0],
  );
  check(
    "its log holds no secret, cookie or code",
    !/the right one|akproxy_app=|code=|stolen/.test(lines.join("\n")),
    lines.join("\n"),
  );
}

async function health(port: number): Promise<void> {
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  check("it says that it is ready", ready.status === 200, await ready.text());
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  check(
    "it has counted the login",
    /^akproxy_logins_total\{provider="app",result="[a-z_]+"\} 1$/m.test(metrics),
    metrics,
  );
}

async function demo(): Promise<void> {
  const port = freePort();
  const child = start("demo", "--port", String(port));
  const text = new Response(child.stdout).text();
  if ((await untilListening(port)) === null) return check("the demo listens", false);
  const page = await loginAs(createBrowser(), `http://localhost:${port}/`, "bob");
  check(
    "the demo logs bob in and shows what the application received",
    page.status === 200 && page.text.includes("bob@example.test"),
    page.text.slice(0, 300),
  );
  child.kill("SIGINT");
  check("Ctrl-C ends the demo", (await child.exited) === 130, String(child.exitCode));
  check("it had said what to open", (await text).includes(`http://localhost:${port}`), await text);
}

try {
  layTraps();
  await serve();
  await demo();
  check("SUP-03: nothing of the directory it was started in has run", !(await Bun.file(marker).exists()));
} catch (thrown) {
  check("the smoke test runs to its end", false, String(thrown instanceof Error ? thrown.stack : thrown));
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true });
}
process.exit(failed === 0 ? 0 : 1);
