/**
 * Minutes of mixed traffic with aborts, logins and reloads against one akproxy, in a process of its own; every ten seconds what it holds.
 * Ends with the slope of its memory over the second half, and its connections a while after the last visit. Usage: bun scripts/soak.ts
 * [MINUTES] [SEED]
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startToyIssuer } from "../src/demo/toy-issuer.ts";
import { freePort } from "../tests/fakes/free-port.ts";
import { pick, seeded } from "../tests/fakes/seeded.ts";
import { startSoakUpstream, visitsOf } from "./soak-visits.ts";

const minutes = Number(process.argv[2] ?? 5);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0 && Number.isSafeInteger(seed))) {
  console.error(
    "soak: error: the arguments are not numbers\nsoak: hint: scripts/soak [MINUTES] [SEED], for example scripts/soak 5 7",
  );
  process.exit(64);
}
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), "akproxy-soak-"));
const port = freePort();
const upstream = startSoakUpstream();
const callback = "/outpost.goauthentik.io/callback?X-authentik-auth-callback=true";
const clientSecret = "toy-client-secret-of-32-characters!";
const issuer = await startToyIssuer({
  port: 0,
  clients: [
    { clientId: "akproxy", clientSecret, redirectUris: [`http://app.test${callback}`], postLogoutRedirectUris: [] },
  ],
});
const configFile = join(folder, "akproxy.toml");

function writeConfig(version: number): void {
  const text = `
state_dir = "${folder}/state"
[listen]
http = "127.0.0.1:${port}"
https = ""
metrics = ""
[log]
level = "error"
[oidc]
issuer = "${issuer.issuer}"
client_id = "akproxy"
client_secret = "${clientSecret}"
[providers.app]
name = "soaked ${version}"
mode = "proxy"
external_host = "http://app.test"
internal_host = "http://127.0.0.1:${upstream.port}"
skip_path_regex = "^/public/"
`;
  writeFileSync(configFile, text, { mode: 0o600 });
}

writeConfig(0);
const binary = process.env["AKPROXY"];
const command = binary === undefined ? [process.execPath, join(import.meta.dir, "../src/main.ts")] : [binary];
const akproxy = Bun.spawn([...command, "serve", "-c", configFile], {
  cwd: folder,
  stdin: "ignore",
  stdout: "ignore",
  stderr: "ignore",
});
while (
  !(await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" }).then(
    () => true,
    () => false,
  ))
) {
  if (akproxy.exitCode !== null) throw new Error(`akproxy ended with ${akproxy.exitCode}`);
  await Bun.sleep(50);
}

const visits = visitsOf({ port, random });
const weighed = [
  "get",
  "get",
  "get",
  "get",
  "slow",
  "post",
  "post",
  "denied",
  "abort",
  "abort",
  "abort",
  "download",
  "login",
];
const counts = new Map<string, number>();
const failures = new Map<string, number>();
const endsAt = Date.now() + minutes * 60_000;
const count = (into: Map<string, number>, name: string) => into.set(name, (into.get(name) ?? 0) + 1);

async function visitor(): Promise<void> {
  while (Date.now() < endsAt && akproxy.exitCode === null) {
    const name = pick(random, weighed);
    count(counts, name);
    await visits[name]?.().catch((error) =>
      count(failures, `${name}: ${error instanceof Error ? error.message : error}`),
    );
  }
}

interface Sample {
  readonly minute: number;
  readonly rss: number; //                         MiB
  readonly sockets: number;
}

async function sample(): Promise<Sample> {
  const status = await Bun.file(`/proc/${akproxy.pid}/status`).text();
  const sockets = readdirSync(`/proc/${akproxy.pid}/fd`).filter((fd) =>
    isSocket(`/proc/${akproxy.pid}/fd/${fd}`),
  ).length;
  return { minute: (Date.now() - startedAt) / 60_000, rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, sockets };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false; // closed meanwhile
  }
}

/** MiB a minute, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [minute, rss] = [mean((each) => each.minute), mean((each) => each.rss)];
  const above = samples.reduce((sum, each) => sum + (each.minute - minute) * (each.rss - rss), 0);
  return above / samples.reduce((sum, each) => sum + (each.minute - minute) ** 2, 0);
}

const drained = 143; //                             what "serve" ends with after SIGTERM
const startedAt = Date.now();
const idle = await sample();
const samples: Sample[] = [];
const show = ({ minute, rss, sockets }: Sample) =>
  `${minute.toFixed(1)} min: ${rss.toFixed(0)} MiB, ${sockets} sockets`;
console.log(`seed ${seed}; ${binary ?? "the source"}; idle ${show(idle)}`);
const timer = setInterval(async () => {
  const taken = await sample();
  samples.push(taken);
  console.log(show(taken));
}, 10_000);
let version = 0;
const reloads = setInterval(() => {
  version += 1;
  writeConfig(version);
  akproxy.kill("SIGHUP");
}, 7_000);
await Promise.all(Array.from({ length: 16 }, visitor));
clearInterval(timer);
clearInterval(reloads);
await Bun.sleep(5_000);
const after = await sample();
console.log(
  `after the last visit: ${show(after)} (idle: ${idle.sockets}; they include idle connections to the upstream and the issuer)`,
);
console.log(`visits: ${[...counts].map(([name, times]) => `${name} ${times}`).join(", ")}; ${version} reloads`);
if (samples.length > 3)
  console.log(`memory over the second half: ${slopeOf(samples.slice(samples.length / 2)).toFixed(2)} MiB a minute`);
for (const [what, times] of failures) console.log(`FAILED ${times} times: ${what}`);
akproxy.kill("SIGTERM");
const code = await akproxy.exited;
if (code !== drained) console.log(`FAILED: akproxy ended with ${code}`);
upstream.stop();
await issuer.close();
rmSync(folder, { recursive: true, force: true });
process.exit(failures.size > 0 || code !== drained ? 1 : 0);
