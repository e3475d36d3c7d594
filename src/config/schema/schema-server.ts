import { z } from "zod";

const text = (initial: string, meaning: string) => z.string().default(initial).describe(meaning);
const flag = (initial: false | true, meaning: string) => z.boolean().default(initial).describe(meaning);
const textOrList = z.union([z.string(), z.array(z.string()).min(1)]);

const trustedProxies = [
  "127.0.0.0/8",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fe80::/10",
  "fc00::/7",
];

const outpost = z
  .strictObject({
    name: text("akproxy", "name of this outpost: X-authentik-meta-outpost"),
    secret: textOrList
      .default("")
      .describe(
        "at least 32 characters; a list rotates: the first seals, all open. Unset: made once, kept in state_dir",
      ),
    secret_file: textOrList.default("").describe("a file that holds the secret, or credential:NAME; or a list of them"),
  })
  .prefault({})
  .describe("this outpost");

const listen = z
  .strictObject({
    http: text("0.0.0.0:9000", 'address of the HTTP listener; "" turns it off'),
    https: text("0.0.0.0:9443", 'address of the HTTPS listener; "" turns it off'),
    metrics: text("127.0.0.1:9300", 'address of /metrics, /livez and /readyz; "" turns it off'),
    trusted_proxies: z
      .array(z.string())
      .default(trustedProxies)
      .describe("networks whose X-Forwarded-*, X-Original-* and Forwarded headers count"),
    danger_trust_any_proxy: flag(false, "must be true for 0.0.0.0/0 or ::/0 in trusted_proxies"),
    workers: z
      .union([z.int().min(1), z.literal("auto")])
      .default(1)
      .describe('processes that share the ports; "auto": one per core'),
  })
  .prefault({})
  .describe("listeners, and whom they believe");

const tls = z
  .strictObject({
    certificate_file: text("", "certificate chain of the HTTPS listener, PEM; unset: a self-signed one, made once"),
    key_file: text("", "its private key, PEM, or credential:NAME"),
    min_version: z.enum(["1.2", "1.3"]).default("1.2").describe("lowest TLS version"),
  })
  .prefault({})
  .describe("TLS of the HTTPS listener");

const sessions = z
  .strictObject({
    store: text("sqlite", '"memory", "sqlite", "sqlite:FILE", "redis://…", "rediss://…" or "postgres://…"'),
    store_file: text("", "a file that holds the store's whole URL, with its password; or credential:NAME"),
    max: text("24h", "absolute life of a session"),
    idle: text("0s", "a session ends when it is not used for this long; 0s: no idle limit"),
    refresh: flag(true, "use refresh tokens to keep claims fresh; a refused refresh ends the session"),
  })
  .prefault({})
  .describe("logged-in browsers");

const limits = z
  .strictObject({
    request_header_bytes: text("32KiB", "largest request head, 1KiB to 1MiB"),
    request_body: text("0", "largest request body; 0: no limit"),
    upstream_connect: text("10s", "time to connect to an upstream; 0s: none"),
    upstream_response_header: text("60s", "time to the first byte of an upstream's answer; 0s: none"),
    idle: text("120s", "life of a connection with nothing in flight"),
    failed_credentials: text(
      "20/1m",
      'failed Basic and Bearer credentials per address and per user name; "" turns it off',
    ),
    drain: text("30s", "how long in-flight requests get at shutdown"),
  })
  .prefault({})
  .describe("sizes and times");

const log = z
  .strictObject({
    level: z.enum(["trace", "debug", "info", "warn", "error"]).default("info").describe("what is logged"),
    format: z.enum(["auto", "json", "text"]).default("auto").describe("auto: text on a terminal, else json"),
  })
  .prefault({})
  .describe("the log");

/** Every key outside `[oidc]` and the providers, with its default and meaning (spec: config, top level). */
export const serverShape = {
  state_dir: z
    .string()
    .optional()
    .describe(
      "holds sessions.sqlite, secret.key and the self-signed certificate; default: $STATE_DIRECTORY, else ./akproxy-state",
    ),
  outpost,
  listen,
  tls,
  sessions,
  limits,
  log,
};
