import { resolve } from "node:path";
import { parseRate } from "../../core/bounds/rate-limit.ts";
import type { Config, Limits, Listen, SessionsConfig } from "../../core/config.ts";
import { type Source, take } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { headerText } from "../read/header-text.ts";
import { readAddress } from "../read/read-address.ts";
import { readCertificate } from "../read/read-certificate.ts";
import { readCidr } from "../read/read-cidr.ts";
import { readDuration } from "../read/read-duration.ts";
import { readSessionStore } from "../read/read-session-store.ts";
import { readSize } from "../read/read-size.ts";
import type { ConfigTable } from "../schema/schema.ts";
import { readOutpostSecrets } from "./outpost-secrets.ts";

/** Everything of the config but its providers. What is wrong is reported, and stands in the result by a harmless value. */
export function buildServer(source: Source, table: ConfigTable): Omit<Config, "providers"> {
  const stateDir = stateDirectory(source, table.state_dir);
  return {
    stateDir,
    outpostName: headerText(source, ["outpost", "name"], table.outpost.name),
    secrets: readOutpostSecrets(source),
    listen: buildListen(source, table.listen),
    trustedProxies: trustedProxies(source, table.listen),
    tls: {
      certificate: readCertificate(source, ["tls"], {
        certificate: table.tls.certificate_file,
        key: table.tls.key_file,
      }),
      minVersion: table.tls.min_version,
    },
    sessions: sessionsConfig(source, table.sessions, stateDir),
    limits: buildLimits(source, table.limits),
    log: table.log,
  };
}

/** The file's, else systemd's (the first, when it names several: systemd.exec(5)), else a folder beside the file. */
function stateDirectory(source: Source, configured: string | undefined): string {
  if (configured === "") source.findings.error(["state_dir"], "is empty", "name a folder, or remove the key");
  const fromSystemd = source.env["STATE_DIRECTORY"]?.split(":")[0];
  return resolve(source.directory, configured || fromSystemd || "akproxy-state");
}

function buildListen(source: Source, table: ConfigTable["listen"]): Listen {
  const at = (key: "http" | "https" | "metrics") => take(source, ["listen", key], readAddress(table[key]), undefined);
  const [http, https, metrics] = [at("http"), at("https"), at("metrics")];
  if (http === null && https === null) {
    source.findings.error(
      ["listen"],
      "neither http nor https has an address",
      'give one, for example http = "0.0.0.0:9000"',
      {
        kind: "key",
      },
    );
  }
  const seen = new Map<string, string>();
  for (const [key, address] of Object.entries({ http, https, metrics })) {
    if (!address || (address.kind === "tcp" && address.port === 0)) continue;
    const text = JSON.stringify(address);
    const other = seen.get(text);
    if (other !== undefined) {
      source.findings.error(["listen", key], `has the same address as listen.${other}`, "give each listener its own");
    }
    seen.set(text, key);
  }
  return { http: http ?? null, https: https ?? null, metrics: metrics ?? null };
}

function trustedProxies(source: Source, table: ConfigTable["listen"]): readonly string[] {
  return table.trusted_proxies.flatMap((text, index) => {
    const path = ["listen", "trusted_proxies", index];
    const network = take(source, path, readCidr(text), null);
    if (network === null) return [];
    if (network.everybody) {
      const message = "trusts everybody: any client can write its own X-Forwarded-For, -Proto and -Host";
      if (table.danger_trust_any_proxy) source.findings.warning(path, message, "name the networks of your proxies");
      else source.findings.error(path, message, "name your proxies' networks, or add danger_trust_any_proxy = true");
    }
    return [network.cidr];
  });
}

function sessionsConfig(source: Source, table: ConfigTable["sessions"], stateDir: string): SessionsConfig {
  // providers use these lives; they are read here too, for the file in which every provider has its own
  take(source, ["sessions", "max"], readDuration(table.max), 0);
  take(source, ["sessions", "idle"], readDuration(table.idle), 0);
  return readSessionStore(source, table.store, stateDir);
}

function buildLimits(source: Source, table: ConfigTable["limits"]): Limits {
  const path = (key: keyof ConfigTable["limits"]): Path => ["limits", key];
  const headPath = path("request_header_bytes");
  const requestHeaderBytes = take(source, headPath, readSize(table.request_header_bytes), 32768);
  if (requestHeaderBytes < 1024 || requestHeaderBytes > 1024 ** 2) {
    source.findings.error(headPath, "is outside 1KiB to 1MiB", 'write a size between, for example "32KiB"');
  }
  const seconds = (key: "upstream_connect" | "upstream_response_header" | "idle" | "drain") =>
    take(source, path(key), readDuration(table[key]), 0);
  const failedCredentials = parseRate(table.failed_credentials);
  if (table.failed_credentials !== "" && failedCredentials === null) {
    source.findings.error(path("failed_credentials"), "is not a rate", 'write COUNT/TIME, for example "20/1m"');
  }
  return {
    requestHeaderBytes,
    requestBodyBytes: take(source, path("request_body"), readSize(table.request_body), 0),
    upstreamConnectSeconds: seconds("upstream_connect"),
    upstreamResponseHeaderSeconds: seconds("upstream_response_header"),
    idleSeconds: seconds("idle"),
    failedCredentials,
    drainSeconds: seconds("drain"),
  };
}
