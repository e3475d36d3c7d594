import { resolve } from "node:path";
import { z } from "zod";
import type { Config } from "../../core/config.ts";
import { readSecrets } from "../file/secrets.ts";
import type { Source } from "../file/source.ts";
import { duration, headSize, lifetime, rate, size } from "../read/amounts.ts";
import { readCertificate } from "../read/certificates.ts";
import { readSessionStore } from "../read/session-store.ts";
import { flag, headerText, text } from "../read/text-type.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { listenOf, listenTable, trustedProxiesOf } from "./listen.ts";

const textOrList = z.union([z.string(), z.array(z.string()).min(1)]);

const outpost = z
  .strictObject({
    name: headerText().prefault("akproxy").describe("outpost name, sent as X-authentik-meta-outpost"),
    secret: textOrList
      .default("")
      .describe(
        "at least 32 characters; a list rotates: the first seals, all open; unset: akproxy makes one and stores it in state_dir",
      ),
    secret_file: textOrList
      .default("")
      .describe("a file that holds the secret, or credential:NAME; or a list of such files"),
  })
  .prefault({})
  .describe("this outpost");

const tls = z
  .strictObject({
    certificate_file: text(
      "",
      "PEM file with the certificate chain of the HTTPS listener; unset: akproxy makes a self-signed certificate once",
    ),
    key_file: text("", "PEM file with the private key of the certificate, or credential:NAME"),
    min_version: z.enum(["1.2", "1.3"]).default("1.2").describe("lowest TLS version"),
  })
  .prefault({})
  .describe("TLS of the HTTPS listener");

const sessions = z
  .strictObject({
    store: text("sqlite", '"memory", "sqlite", "sqlite:FILE", "redis://…", "rediss://…" or "postgres://…"'),
    store_file: text("", "a file that holds the whole URL of the store, which has a password; or credential:NAME"),
    max: lifetime().prefault("24h").describe("maximum lifetime of a session"),
    idle: duration().prefault("0s").describe("a session that is not used for this long expires; 0s: no idle limit"),
    refresh: flag(true, "refresh claims with refresh tokens; a refused refresh ends the session"),
  })
  .prefault({})
  .describe("sessions of logged-in users");

const limits = z
  .strictObject({
    request_header_bytes: headSize().prefault("32KiB").describe("maximum size of a request head, 1KiB to 1MiB"),
    request_body: size().prefault("0").describe("maximum size of a request body; 0: no limit"),
    upstream_connect: duration().prefault("10s").describe("timeout to connect to an upstream; 0s: no timeout"),
    upstream_response_header: duration()
      .prefault("60s")
      .describe("timeout for the first byte of an upstream response; 0s: no timeout"),
    stream_idle: duration()
      .prefault("1h")
      .describe("a response or WebSocket on which nothing is sent for this long is closed; 0s: no limit"),
    idle: duration().prefault("120s").describe("a connection without a request in flight is closed after this time"),
    failed_credentials: rate()
      .prefault("20/1m")
      .describe('rate limit of refused Basic and Bearer credentials, per address and per user name; "": no limit'),
    drain: duration().prefault("30s").describe("time for requests in flight to finish at shutdown"),
  })
  .prefault({})
  .describe("size limits, timeouts and rate limits");

const log = z
  .strictObject({
    level: z.enum(["trace", "debug", "info", "warn", "error"]).default("info").describe("lowest level that is logged"),
    format: z.enum(["auto", "json", "text"]).default("auto").describe("auto: text on a terminal, otherwise json"),
  })
  .prefault({})
  .describe("the log");

/** Every key outside `[oidc]` and the providers, with its default and meaning (spec: config, top level). */
export const serverKeys = {
  state_dir: z
    .string()
    .optional()
    .describe(
      "directory of sessions.sqlite, secret.key and the self-signed certificate; default: $STATE_DIRECTORY, else ./akproxy-state",
    ),
  outpost,
  listen: listenTable,
  tls,
  sessions,
  limits,
  log,
};

/** The file without `[oidc]` and the providers. */
export type ServerTable = z.output<z.ZodObject<typeof serverKeys>>;

/** The Config without its providers. Where a value is wrong, the problem is reported and the result has a harmless value. */
export function serverOf(source: Source, table: ServerTable): Omit<Config, "providers"> {
  const stateDir = stateDirectory(source, table.state_dir);
  const { limits } = table;
  return {
    stateDir,
    outpostName: table.outpost.name,
    secrets: outpostSecrets(source),
    listen: listenOf(source, table.listen),
    trustedProxies: trustedProxiesOf(source, table.listen),
    tls: { certificate: readCertificate(source, ["tls"], table.tls), minVersion: table.tls.min_version },
    sessions: readSessionStore(source, table.sessions.store, stateDir),
    limits: {
      requestHeaderBytes: limits.request_header_bytes,
      requestBodyBytes: limits.request_body,
      upstreamConnectSeconds: limits.upstream_connect,
      upstreamResponseHeaderSeconds: limits.upstream_response_header,
      streamIdleSeconds: limits.stream_idle,
      idleSeconds: limits.idle,
      failedCredentials: limits.failed_credentials,
      drainSeconds: limits.drain,
    },
    log: table.log,
  };
}

/** `state_dir`, else the first directory of systemd's $STATE_DIRECTORY (systemd.exec(5)), else a directory next to the file. */
function stateDirectory(source: Source, configured: string | undefined): string {
  if (configured === "") source.findings.error(["state_dir"], "is empty", "name a directory, or remove the key");
  const fromSystemd = source.env["STATE_DIRECTORY"]?.split(":")[0];
  return resolve(source.directory, configured || fromSystemd || "akproxy-state");
}

const advice =
  "make one with: openssl rand -base64 48; or remove the key, so that akproxy makes one and stores it in state_dir";
const samples =
  /change.?me|replace.?(?:me|this)|your.?secret|example|placeholder|insecure|password|secret.?key|super.?secret|^(?:0123456789|abcdef)/i;

/** `outpost.secret` or `secret_file`: the first seals, all open; null when akproxy makes one itself (CFG-04). */
function outpostSecrets(source: Source): readonly string[] | null {
  const secrets = readSecrets(source, ["outpost"], "secret");
  for (const { value, path } of secrets) {
    const judged = judgeSecret(value);
    if (judged.kind === "wrong") source.findings.error(path, judged.message, judged.hint);
  }
  return secrets.length === 0 ? null : secrets.map((secret) => secret.value);
}

/** Checks that a secret is long enough and not a sample value. No message contains the value. */
export function judgeSecret(value: string): Reading<string> {
  if (value.length < 32) return wrong(`the secret has ${value.length} characters; at least 32 are required`, advice);
  if (samples.test(value)) return wrong("the secret is a sample value", advice);
  if (new Set(value).size < 8) return wrong("the secret repeats a few characters", advice);
  return ok(value);
}
