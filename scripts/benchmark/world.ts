import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startToyIssuer, type ToyIssuer } from "../../src/demo/toy-issuer.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { createBrowser, loginAs } from "../../tests/fakes/browser.ts";
import { type Akproxy, redirectUris, startAkproxy } from "./akproxy.ts";
import { freePort, type Launched, launch, stopAll } from "./launch.ts";
import { type NginxRole, startNginx } from "./nginx.ts";
import type { IssuerFacts } from "./other-servers.ts";
import type { Programs } from "./programs.ts";

/** Everything around the servers under test: issuer, applications, certificate, folder. Servers are started when a case first asks. */
export interface World {
  readonly programs: Programs;
  readonly folder: string;
  readonly binary: string;
  readonly earlier: string | null; //              another build of akproxy, to compare with
  readonly issuer: IssuerFacts;
  readonly files: number; //                       the port of the application with files
  readonly live: number; //                        the port of the one with WebSockets and events
  readonly certificate: string; //                 files
  readonly key: string;
  readonly peerPort: { readonly oauth2Proxy: number; readonly apache: number };
  /** An akproxy by itself, which is another one for each `name`; started once. */
  akproxy(name: string, store?: string, binary?: string): Promise<Akproxy>;
  /** A peer by itself; started once. */
  peer(name: string, start: (port: number) => Promise<Launched>): Promise<Launched & { readonly port: number }>;
  nginx(role: NginxRole): Promise<Launched & { readonly port: number }>;
  /** Logs alice in at a URL and gives the Cookie header for it. */
  login(url: string): Promise<string>;
  /** Ends all of it and removes the folder. */
  end(): Promise<void>;
}

const slots = [
  "memory",
  "earlier",
  "sqlite",
  "many, one",
  "many, some",
  "many, all",
  "start",
  "idle plain",
  "idle tls",
  "transfer",
] as const;
const gibibyte = 1024 ** 3;

/** Starts the issuer and the applications. */
export async function openWorld(programs: Programs, binary: string, earlier: string | null): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "akproxy-bench-"));
  chmodSync(folder, 0o755); //                     Apache's workers are nobody
  const { certificate, key } = layCertificate(folder);
  const ports = new Map(slots.map((slot) => [slot as string, { port: freePort(), tlsPort: freePort() }]));
  const peerPort = { oauth2Proxy: freePort(), apache: freePort() };
  const toy = await startIssuer([...ports.values()], peerPort);
  const issuer: IssuerFacts = { issuer: toy.issuer, clientId: "bench", clientSecret: clientSecret };
  const [files, live] = [freePort(), freePort()];
  await startNginx(programs.nginx, { kind: "files", folder: layFiles(folder) }, files, folder);
  await launch([process.execPath, join(import.meta.dir, "live-upstream.ts"), String(live)], {
    core: "load",
    cwd: folder,
    port: live,
  });
  const started = new Map<string, Promise<Launched & { readonly port: number }>>();
  const akproxies = new Map<string, Promise<Akproxy>>();
  const peer: World["peer"] = (name, start) => {
    const port = name in peerPort ? peerPort[name as keyof typeof peerPort] : freePort(); // by `in`
    const server = started.get(name) ?? start(port).then((launched) => ({ ...launched, port }));
    started.set(name, server);
    return server;
  };
  return {
    programs,
    folder,
    binary,
    earlier,
    issuer,
    files,
    live,
    certificate,
    key,
    peerPort,
    akproxy(name, store = "memory", ofBinary = binary) {
      const { port, tlsPort } = ports.get(name) ?? { port: freePort(), tlsPort: freePort() };
      const own = join(folder, name);
      mkdirSync(own, { recursive: true });
      const facts = { binary: ofBinary, issuer, files, live, store, folder: own, port, tlsPort, certificate, key };
      const server = akproxies.get(name) ?? startAkproxy(facts);
      akproxies.set(name, server);
      return server;
    },
    peer,
    nginx: (role) => peer(`nginx ${JSON.stringify(role)}`, (port) => startNginx(programs.nginx, role, port, folder)),
    login,
    async end() {
      await stopAll();
      await toy.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const clientSecret = "the client secret of the benchmark";

function startIssuer(
  ports: readonly { readonly port: number; readonly tlsPort: number }[],
  peerPort: World["peerPort"],
): Promise<ToyIssuer> {
  const ours = ports.flatMap(({ port, tlsPort }) => redirectUris(port, tlsPort));
  const theirs = [
    `http://127.0.0.1:${peerPort.oauth2Proxy}/oauth2/callback`,
    `http://127.0.0.1:${peerPort.apache}/redirect_uri`,
  ];
  return startToyIssuer({
    port: 0,
    clients: [{ clientId: "bench", clientSecret, redirectUris: [...ours, ...theirs] }],
  });
}

async function login(url: string): Promise<string> {
  const browser = createBrowser();
  const page = await loginAs(browser, url, "alice");
  const cookie = browser.cookies.headerFor(new URL(url));
  if (cookie === "" || new URL(page.url).host !== new URL(url).host)
    throw new Error(`the login at ${url} made no session: ${page.status} at ${page.url}: ${page.text.slice(0, 300)}`);
  return cookie;
}

/** Sparse files, so that a GiB takes no space. */
function layFiles(folder: string): string {
  const files = join(folder, "files");
  mkdirSync(files);
  for (const [name, bytes] of [
    ["1k", 1024],
    ["64k", 65_536],
    ["10m", 10 * 1024 ** 2],
    ["1g", gibibyte],
  ] as const) {
    writeFileSync(join(files, name), "");
    truncateSync(join(files, name), bytes);
  }
  return files;
}

function layCertificate(folder: string): { readonly certificate: string; readonly key: string } {
  const { certificatePem, keyPem } = makeSelfSigned({
    names: ["secure.localhost", "localhost"],
    days: 2,
    now: Math.floor(Date.now() / 1000),
  });
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  writeFileSync(certificate, certificatePem);
  writeFileSync(key, keyPem, { mode: 0o600 });
  return { certificate, key };
}
