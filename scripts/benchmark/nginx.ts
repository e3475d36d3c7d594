import { type Launched, launch } from "./launch.ts";

/** What an nginx with one worker is set up as. */
export type NginxRole =
  | { readonly kind: "files"; readonly folder: string } //                             the application: files, on the load's core
  | { readonly kind: "verdict" } //                                                    200 with the identity headers and no check at all
  | { readonly kind: "proxy"; readonly upstream: number; readonly buffers: "shipped" | "tuned" }
  | { readonly kind: "tls"; readonly upstream: number; readonly certificate: string; readonly key: string };

/** Starts one on `port`. Logs are off, keep-alive to the upstream is on; the rest is as Debian ships it. */
export function startNginx(program: string, role: NginxRole, port: number, folder: string): Promise<Launched> {
  const file = `${folder}/nginx-${port}.conf`;
  return Bun.write(file, config(role, port, folder)).then(() =>
    launch([program, "-c", file, "-p", folder, "-e", "/dev/null"], {
      core: role.kind === "files" ? "load" : "server",
      cwd: folder,
      port,
    }),
  );
}

function config(role: NginxRole, port: number, folder: string): string {
  return `daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid ${folder}/nginx-${port}.pid;
events { worker_connections 24000; }
http {
  access_log off; error_log /dev/null; sendfile on; tcp_nopush on; types_hash_max_size 2048;
  keepalive_timeout 600s; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path ${folder}/nginx-body; proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-f; uwsgi_temp_path ${folder}/nginx-u; scgi_temp_path ${folder}/nginx-s;
  ${serverOf(role, port)}
}`;
}

function serverOf(role: NginxRole, port: number): string {
  switch (role.kind) {
    case "files":
      return `open_file_cache max=100; server { listen 127.0.0.1:${port}; root ${role.folder}; }`;
    case "verdict":
      return `server { listen 127.0.0.1:${port}; ${verdictHeaders()} location / { return 200; } }`;
    case "proxy":
      return `${upstreamOf(role.upstream)} ${buffers(role.buffers)} server { listen 127.0.0.1:${port}; ${locations} }`;
    case "tls":
      return `${upstreamOf(role.upstream)} ssl_session_cache shared:SSL:1m;
        server { listen 127.0.0.1:${port} ssl; ssl_certificate ${role.certificate}; ssl_certificate_key ${role.key}; ${locations} }`;
  }
}

function verdictHeaders(): string {
  const token = "e".repeat(900); //                as long as an id_token of the toy issuer's
  const lines = [
    ...["username alice", "groups admins|staff", "entitlements demo", "email alice@example.test", "uid alice"],
    ...["name 'Alice Example'", `jwt ${token}`, "meta-jwks http://127.0.0.1:1/jwks", "meta-outpost akproxy"],
    ...["meta-provider single", "meta-app single", "meta-version goauthentik.io/outpost/0.1.0"],
  ];
  return lines.map((line) => `add_header X-authentik-${line};`).join(" ");
}

function upstreamOf(port: number): string {
  return `upstream app { server 127.0.0.1:${port}; keepalive 128; keepalive_requests 100000000; }`;
}

function buffers(kind: "shipped" | "tuned"): string {
  if (kind === "shipped") return "";
  return "proxy_buffer_size 16k; proxy_buffers 16 64k; proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0; proxy_request_buffering off;";
}

const locations = `
  location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  location = /ws { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
  location = /events { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }`;
