import { existsSync } from "node:fs";
import { join } from "node:path";

/** The programs to measure with and against; null: not on this machine. */
export interface Programs {
  readonly nginx: string;
  readonly wrk: string;
  readonly haproxy: string | null;
  readonly caddy: string | null; //                Debian's
  readonly newerCaddy: string | null; //           built from its Go module
  readonly apache: string | null; //               with mod_auth_openidc
  readonly oauth2Proxy: string | null; //          built from its Go module
}

/** Looks for them, and says on stderr what is left out. Throws when it is something that no case can do without. */
export function findPrograms(goFolder: string): Programs {
  const paths = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const found = (name: string) => Bun.which(name, { PATH: paths });
  const built = (name: string) => Bun.which(name, { PATH: goFolder });
  const nginx = found("nginx");
  const wrk = found("wrk");
  if (nginx === null || wrk === null || found("taskset") === null) {
    throw new Error("nginx, wrk and taskset are needed; on Debian: apt-get install nginx-light wrk util-linux");
  }
  const module = existsSync(join(apacheModules, "mod_auth_openidc.so"));
  const programs: Programs = {
    nginx,
    wrk,
    haproxy: found("haproxy"),
    caddy: found("caddy"),
    newerCaddy: built("caddy"),
    apache: module ? found("apache2") : null,
    oauth2Proxy: built("oauth2-proxy"),
  };
  const missing = Object.entries(programs).filter(([, path]) => path === null);
  if (missing.length > 0) console.error(`left out, not on this machine: ${missing.map(([name]) => name).join(", ")}`);
  return programs;
}

/** The versions that scripts/bench builds; neither program tells its own when it is built so. */
export const builtVersions = { newerCaddy: "2.11.9", oauth2Proxy: "7.15.4" } as const;

/** Where Debian puts Apache's modules. */
export const apacheModules = "/usr/lib/apache2/modules";

/** What a program says of its version, on one line. */
export function versionOf(command: readonly string[]): string {
  const { stdout, stderr } = Bun.spawnSync([...command]);
  const text = `${stdout}${stderr}`;
  return /v?\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? text.split("\n")[0] ?? "";
}
