import { resolve } from "node:path";
import type { SessionsConfig } from "../../core/config.ts";
import { readNamedFile } from "../file/named-file.ts";
import type { Source } from "../file/source.ts";
import { valueAt } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { readAuthorities } from "./certificates.ts";

const forms =
  'write "sqlite", "sqlite:FILE", "memory", "redis://HOST", "rediss://HOST" or "postgres://USER@HOST/DATABASE"';

/**
 * The session store of `sessions.store`, or of the file that `store_file` names (CFG-05). No message shows the value, which may have a
 * password.
 */
export function readSessionStore(source: Source, store: string, stateDir: string): SessionsConfig {
  const fallback: SessionsConfig = { kind: "sqlite", file: resolve(stateDir, "sessions.sqlite") };
  const given = givenStore(source, store);
  if (given === null) return fallback;
  const { text, path } = given;
  if (text === "sqlite") return fallback;
  if (text === "memory") return { kind: "memory" };
  if (/^sqlite:./.test(text)) return { kind: "sqlite", file: resolve(source.directory, text.slice("sqlite:".length)) };
  const reading = readStoreUrl(text);
  if (reading.kind === "wrong") {
    source.findings.error(path, reading.message, reading.hint);
    return fallback;
  }
  const { url, parameters } = reading.value;
  const isInline = path.at(-1) === "store" && url.password !== "" && !/^\$\{\w+\}$/.test(rawStore(source));
  if (isInline) source.inlineSecrets.push(path);
  const authorities = readAuthorities(source, path, parameters.get("ca_file") ?? "");
  return url.protocol === "postgres:"
    ? postgresStore(url, parameters, authorities)
    : redisStore(url, parameters, authorities);
}

function rawStore(source: Source): string {
  return String(valueAt(source.raw, ["sessions", "store"]));
}

function givenStore(source: Source, store: string): { readonly text: string; readonly path: Path } | null {
  const path = ["sessions", "store"];
  const filePath = ["sessions", "store_file"];
  const name = valueAt(source.tree, filePath);
  if (typeof name !== "string" || name === "") return { text: store, path };
  if (valueAt(source.tree, path) !== undefined) {
    source.findings.error(filePath, "store and store_file are both given", "keep one of them");
  }
  const text = readNamedFile(source, filePath, name, "secret");
  return text === null ? null : { text: text.trim(), path: filePath };
}

interface StoreUrl {
  readonly url: URL; //                            without query; the protocol redis:, rediss: or postgres:
  readonly parameters: ReadonlyMap<string, string>;
}

const parametersOf = {
  redis: ["prefix", "ca_file"],
  rediss: ["prefix", "ca_file"],
  postgres: ["sslmode", "ca_file"],
} as const;
const sslModes = ["disable", "require", "verify-ca", "verify-full"];

function readStoreUrl(text: string): Reading<StoreUrl> {
  const scheme = /^(rediss?|postgres)(?:ql)?:\/\//.exec(text)?.[1];
  if (scheme !== "redis" && scheme !== "rediss" && scheme !== "postgres") return wrong("is not a session store", forms);
  // libpq also accepts postgresql: (connection URIs)
  const canonical = text.replace(/^postgresql:/, "postgres:");
  const advice = "percent-encode @ : / ? # and % in the user name and password";
  if (!URL.canParse(canonical) || /[\s\\]/.test(canonical)) return wrong("is not a URL", advice);
  const url = new URL(canonical);
  if (url.hostname === "") return wrong("has no host", forms);
  if (url.hash !== "") return wrong("has a fragment", advice);
  const parameters = new Map(url.searchParams);
  url.search = "";
  const known: readonly string[] = parametersOf[scheme];
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    return wrong("has an unknown parameter", `remove it; the known parameters are ${known.join(" and ")}`);
  const fault = scheme === "postgres" ? postgresFault(url, parameters) : redisFault(url, parameters);
  return fault ?? ok({ url, parameters });
}

function redisFault(url: URL, parameters: StoreUrl["parameters"]): Reading<never> | null {
  if (!/^\/?\d*$/.test(url.pathname)) return wrong("has a database that is not a number", "write redis://HOST/0");
  if (!/^[\w:.-]{1,64}$/.test(parameters.get("prefix") ?? "akproxy:")) {
    return wrong(
      "has a prefix that is not 1 to 64 of A-Z a-z 0-9 _ : . -",
      'correct it, or remove it to use "akproxy:"',
    );
  }
  if (url.protocol === "redis:" && parameters.has("ca_file")) {
    return wrong("has a ca_file but no TLS", "write rediss://");
  }
  return null;
}

function postgresFault(url: URL, parameters: StoreUrl["parameters"]): Reading<never> | null {
  if (!/^\/[^/]+$/.test(url.pathname)) return wrong("has no database", "write postgres://USER@HOST/DATABASE");
  if (url.username === "") return wrong("has no user name", "write postgres://USER@HOST/DATABASE");
  const mode = parameters.get("sslmode");
  if (mode !== undefined && !sslModes.includes(mode)) {
    return wrong("has an sslmode that is not supported", `use one of ${sslModes.join(", ")}`);
  }
  if (parameters.has("ca_file") && !mode?.startsWith("verify-")) {
    return wrong("has a ca_file but does not verify the certificate", "add sslmode=verify-full");
  }
  return null;
}

function redisStore(url: URL, parameters: StoreUrl["parameters"], authorities: string | null): SessionsConfig {
  const keyPrefix = parameters.get("prefix") ?? "akproxy:";
  return { kind: "redis", url: url.href, place: placeOf(url), keyPrefix, certificateAuthorities: authorities };
}

function postgresStore(url: URL, parameters: StoreUrl["parameters"], authorities: string | null): SessionsConfig {
  const tls = parameters.get("sslmode") ?? "disable";
  return {
    kind: "postgres",
    url: url.href,
    place: placeOf(url),
    // as: postgresFault has checked that it is one of sslModes
    tlsMode: tls as "disable" | "require" | "verify-ca" | "verify-full",
    certificateAuthorities: authorities,
  };
}

function placeOf(url: URL): string {
  const port = url.port === "" ? (url.protocol === "postgres:" ? ":5432" : ":6379") : `:${url.port}`;
  return `${url.protocol}//${url.hostname}${port}${url.pathname}`;
}
