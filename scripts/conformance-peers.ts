import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../tests/fakes/free-port.ts";
import { commandOf } from "../tests/proxies/programs.ts";

/** A reverse proxy that the table can be played through. */
export const peers = ["nginx", "caddy", "haproxy"] as const;
export type Peer = (typeof peers)[number];

/** Each as a plain reverse proxy that streams both ways and keeps connections, as its own documentation sets that up. */
const configs: Readonly<Record<Peer, readonly [file: string, text: (port: number, upstream: number) => string]>> = {
  nginx: [
    "nginx.conf",
    (port, upstream) => `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {}
http {
  access_log off;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream application { server 127.0.0.1:${upstream}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
}
`,
  ],
  caddy: [
    "Caddyfile",
    (port, upstream) => `
{
  admin off
  auto_https off
}
:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstream} {
    flush_interval -1
  }
}
`,
  ],
  haproxy: [
    "haproxy.cfg",
    (port, upstream) => `
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
  timeout tunnel 10s
frontend all
  bind 127.0.0.1:${port}
  default_backend application
backend application
  http-reuse always
  server one 127.0.0.1:${upstream}
`,
  ],
};

/** Starts a peer in front of 127.0.0.1:`upstream`. If it does not start, throws an error with its output. */
export async function startPeer(
  peer: Peer,
  upstream: number,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), `akproxy-conformance-${peer}-`));
  const port = freePort();
  const [file, text] = configs[peer];
  writeFileSync(join(folder, file), text(port, upstream));
  const command = commandOf(peer, folder);
  if (command === null) throw new Error(`${peer} is not installed (scripts/proxies installs it)`);
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, HOME: folder, TMPDIR: folder },
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(folder, "stderr")),
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 1000);
    await child.exited;
    clearTimeout(patience);
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 250 && child.exitCode === null; tries += 1) {
    if (await connects(port)) return { port, stop };
    await Bun.sleep(20);
  }
  const said = await Bun.file(join(folder, "stderr")).text();
  await stop();
  throw new Error(`${peer} does not listen: ${said}`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
