import type { Rate } from "./bounds/rate-limit.ts";
import type { Certificate, Provider } from "./provider.ts";

/** The whole configuration after parsing: defaults applied, files read, no optional fields, everything checked (spec: config). */
export interface Config {
  readonly stateDir: string; //                    absolute path
  readonly outpostName: string; //                 X-authentik-meta-outpost
  readonly secrets: readonly string[] | null; //   the first seals, all open; null: akproxy makes one and keeps it in stateDir
  readonly listen: Listen;
  readonly trustedProxies: readonly string[]; //   CIDR
  readonly tls: { readonly certificate: Certificate | null; readonly minVersion: "1.2" | "1.3" };
  readonly sessions: SessionsConfig;
  readonly limits: Limits;
  readonly log: LogConfig;
  readonly providers: readonly Provider[]; //      at least one; hosts unique
}

/** The three listeners; null: turned off. */
export interface Listen {
  readonly http: ListenAddress | null;
  readonly https: ListenAddress | null;
  readonly metrics: ListenAddress | null;
}

export type ListenAddress =
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number } // hostname without brackets
  | { readonly kind: "unix"; readonly path: string };

export type SessionsConfig =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | (ServerStore & { readonly kind: "redis"; readonly keyPrefix: string })
  | (ServerStore & {
      readonly kind: "postgres";
      readonly tlsMode: "disable" | "require" | "verify-ca" | "verify-full";
    });

/** A store on a server, which several machines can share. */
interface ServerStore {
  readonly url: string; //                         with user and password: never shown
  readonly place: string; //                       to show: scheme, host, port and database
  readonly certificateAuthorities: string | null; // PEM; null: the system's
}

/** A store that several machines can share: every kind that is a ServerStore. */
export type SharedStore = Extract<SessionsConfig, ServerStore>;

export function isSharedStore(sessions: SessionsConfig): sessions is SharedStore {
  return "place" in sessions;
}

export interface Limits {
  readonly requestHeaderBytes: number;
  readonly requestBodyBytes: number; //            0: no limit
  readonly upstreamConnectSeconds: number; //      0: none
  readonly upstreamResponseHeaderSeconds: number; // 0: none
  readonly streamIdleSeconds: number; //           0: none
  readonly idleSeconds: number;
  readonly failedCredentials: Rate | null; //      per address and per user name; null: no limit
  readonly drainSeconds: number;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";
export interface LogConfig {
  readonly level: LogLevel;
  readonly format: "json" | "text" | "auto";
}
