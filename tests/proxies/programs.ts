import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isLeftOut } from "../fakes/left-out.ts";

/** A reverse proxy that snippets are made for. */
export type ProgramName = "nginx" | "caddy" | "haproxy" | "apache" | "traefik" | "envoy";

/** How a program is found, and started in a folder that holds the snippet's files. */
interface Program {
  readonly executable: () => string | null;
  readonly missing: string; //                     what to do where it is not installed
  readonly command: (executable: string, folder: string) => readonly string[];
  readonly end?: "SIGKILL"; //                     else SIGTERM, which programs with workers need
  readonly statusTooEarly?: number; //             its answer while it listens but has not read its config
}

const installed = "not installed (scripts/proxies installs it)";

const programs: Readonly<Record<ProgramName, Program>> = {
  nginx: {
    executable: () => onPath("nginx"),
    missing: installed,
    command: (nginx, folder) => [nginx, "-p", folder, "-c", "nginx.conf"],
  },
  caddy: {
    executable: () => onPath("caddy"),
    missing: installed,
    command: (caddy) => [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
  },
  haproxy: {
    executable: () => onPath("haproxy"),
    missing: installed,
    command: (haproxy) => [haproxy, "-f", "haproxy.cfg"],
  },
  apache: {
    executable: () => onPath("apache2") ?? onPath("httpd"),
    missing: installed,
    command: (apache, folder) => [apache, "-d", folder, "-f", join(folder, "httpd.conf"), "-D", "FOREGROUND"],
  },
  traefik: {
    executable: () => onPath("traefik") ?? fromWheel("bin/traefik"),
    missing: installed,
    command: (traefik) => [traefik, "--configFile=traefik.yml"],
    end: "SIGKILL", // it has no workers, and would wait 10 s for its connections
    statusTooEarly: 404,
  },
  envoy: {
    executable: () => onPath("envoy") ?? fromWheel("envoy/_bin/envoy"),
    missing: installed,
    command: (envoy) => [envoy, "-c", "envoy.yaml", "--use-dynamic-base-id", "--log-level", "warning"],
  },
};

/** The command that starts a program on the files in `folder`; null where it is not installed. */
export function commandOf(name: ProgramName, folder: string): readonly string[] | null {
  const { executable, command } = programs[name];
  const found = executable();
  return found === null ? null : command(found, folder);
}

/** How a program is ended. */
export function endSignalOf(name: ProgramName): "SIGTERM" | "SIGKILL" {
  return programs[name].end ?? "SIGTERM";
}

/** The status that a program answers with while it listens and is not ready; null where there is none. */
export function statusTooEarlyOf(name: ProgramName): number | null {
  return programs[name].statusTooEarly ?? null;
}

/** Is it installed? If not, the run lists its tests as left out. */
export function isHere(name: ProgramName): boolean {
  if (programs[name].executable() !== null) return true;
  isLeftOut(`the journeys through ${name}`, `it is ${programs[name].missing}`);
  return false;
}

/** Debian keeps servers in /usr/sbin, which is not on every user's PATH. */
function onPath(name: string): string | null {
  return Bun.which(name, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` });
}

function fromWheel(path: string): string | null {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const file = join(cache, "akproxy/proxies", path);
  return existsSync(file) ? file : null;
}
