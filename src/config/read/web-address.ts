import { isIPv4 } from "node:net";
import { parseAddress } from "../../core/http/ip-address.ts";
import type { Upstream } from "../../core/provider.ts";
import { specialAddress } from "../../core/upstream/upstream-reach.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { optionalTextOf, textOf } from "./text-type.ts";

/** Is this host (as URL.hostname has it) the machine itself? */
export function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]") return true;
  return isIPv4(hostname) && hostname.startsWith("127.");
}

/** An absolute http or https URL without user name, password and fragment, spelled as URLs are: nothing is repaired. */
function readHttpUrl(text: string, example: string): Reading<URL> {
  const hint = `write the whole URL, for example ${example}`;
  // new URL() drops tabs, reads "\" as "/" and takes "http:host": refuse such spellings (WHATWG URL 4.4)
  if (!/^https?:\/\/[^\s\\/]/i.test(text) || /[\s\\]/.test(text) || !URL.canParse(text)) {
    return wrong("is not an http:// or https:// URL", hint);
  }
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    return wrong("has a user name or password", "remove the part before the @");
  if (text.includes("#")) return wrong("has a fragment", 'remove the "#" and everything after it');
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/.test(url.hostname))
    return wrong("has a host that is not a valid name", hint);
  return ok(url);
}

/** `external_host`: the URL of the provider for browsers. Lower case, without default port and trailing dot (decision 27). */
export function readExternalHost(text: string): Reading<URL> {
  const reading = readHttpUrl(text, "https://app.company");
  if (reading.kind === "wrong") return reading;
  if (text.includes("?")) return wrong("has a query", 'remove the "?" and everything after it');
  const url = reading.value;
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.replace(/\.+$/, "");
  return ok(url);
}

/** `issuer`: `iss` is compared with it byte for byte, so it is kept as written (OIDC Discovery 4.3). */
export function readIssuer(text: string): Reading<URL> {
  const reading = readHttpUrl(text, "https://idp.company/");
  if (reading.kind === "wrong") return reading;
  return text.includes("?") ? wrong("has a query", "remove the query: an issuer has none (OIDC Discovery 2)") : reading;
}

/** A URL that browsers are redirected to; it may have a query. */
export function readRedirectUri(text: string): Reading<string> {
  const reading = readHttpUrl(text, "https://app.company/");
  return reading.kind === "wrong" ? reading : ok(text);
}

/** The parts of `internal_host`; the caller adds the TLS settings. Link-local addresses are refused (decision 20). */
export function readUpstream(text: string): Reading<Omit<Upstream, "verifyTls" | "caPem" | "serverName" | "reach">> {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (!/^\/[^/]/.test(path)) return wrong("has a socket path that is not absolute", "write unix:/run/app.sock");
    return ok({ scheme: "http", hostAndPort: "localhost", unixPath: path, basePath: "", baseQuery: "" });
  }
  const reading = readHttpUrl(text, "http://127.0.0.1:8080 or unix:/run/app.sock");
  if (reading.kind === "wrong") return reading;
  const url = reading.value;
  const address = parseAddress(url.hostname);
  const special = address === null ? null : specialAddress(address);
  if (special !== null && special !== "loopback") {
    return wrong(
      `is a ${special} address`,
      "use another address: akproxy never connects to link-local, multicast and reserved addresses, nor to the metadata services of clouds",
    );
  }
  return ok({
    scheme: url.protocol === "https:" ? "https" : "http",
    hostAndPort: url.host,
    unixPath: null,
    basePath: url.pathname.replace(/\/+$/, ""),
    baseQuery: url.search.slice(1),
  });
}

/** `internal_host_server_name`: a DNS name, without port (RFC 6066 3). */
export function readServerName(text: string): Reading<string> {
  if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(text) && !isIPv4(text)) return ok(text.toLowerCase());
  return wrong("is not a DNS name", "write the name that is in the certificate");
}

/** `host` or `host:port`, for backchannel_host and host_header. */
export function readHostAndPort(text: string): Reading<string> {
  if (/^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.test(text)) return ok(text);
  return wrong("is not a host", "write HOST or HOST:PORT, without scheme and path");
}

/** The URL of a host; null if it cannot be read. */
export function origin() {
  return textOf(readExternalHost, null);
}

/** The URL of an issuer as written; `""` if none is given or it cannot be read. */
export function issuerUrl() {
  return textOf((text): Reading<string> => {
    const reading = text === "" ? ok(null) : readIssuer(text);
    return reading.kind === "wrong" ? reading : ok(text);
  }, "");
}

/** A URL that browsers are redirected to; `""`: none. */
export function redirectUri() {
  return textOf((text) => (text === "" ? ok("") : readRedirectUri(text)), "");
}

/** The parts of an upstream URL; `""` is null. */
export function upstream() {
  return optionalTextOf(readUpstream);
}

/** A DNS name; `""` is null. */
export function serverName() {
  return optionalTextOf(readServerName);
}

/** HOST or HOST:PORT; `""`: none. */
export function hostAndPort() {
  return textOf((text) => (text === "" ? ok("") : readHostAndPort(text)), "");
}
