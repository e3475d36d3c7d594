import { remembered } from "../bounds/memory.ts";

/** `host[:port]` of RFC 9110 7.2, read strictly: lower case, no trailing dot; port null when there is none. */
export interface HostAndPort {
  readonly hostname: string; //                    an IPv6 address in its brackets
  readonly port: number | null;
}

const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?)(?::([0-9]{1,5}))?$/;

/** Null when `value` is not a valid Host: two values, userinfo, a path, an empty or too long value. */
export function parseHost(value: string): HostAndPort | null {
  return value.length > 260 ? null : parsedHost(value);
}

const parsedHost = remembered((value): HostAndPort | null => {
  const match = hostPattern.exec(value.toLowerCase());
  if (match?.[1] === undefined) return null;
  const hostname = match[1].endsWith(".") ? match[1].slice(0, -1) : match[1];
  if (hostname.length > 255 || hostname.includes("..")) return null;
  const port = match[2] === undefined ? null : Number(match[2]);
  return port !== null && port > 65535 ? null : { hostname, port };
});

/** The `hostKey` of a Host as sent; null when the Host is not valid. */
export function hostKeyOf(value: string, scheme: "http" | "https"): string | null {
  if (value.length > 260) return null;
  return scheme === "https" ? httpsKey(value) : httpKey(value);
}

const keyIn = (scheme: "http" | "https") =>
  remembered((value): string | null => {
    const host = parseHost(value);
    return host === null ? null : hostKey(host, scheme);
  });
const httpKey = keyIn("http");
const httpsKey = keyIn("https");

/** The spelling in which akproxy compares hosts (decision 27): without the default port of `scheme`. */
export function hostKey(host: HostAndPort, scheme: "http" | "https"): string {
  const isDefault = host.port === null || host.port === (scheme === "https" ? 443 : 80);
  return isDefault ? host.hostname : `${host.hostname}:${host.port}`;
}

/** Is `hostname` the domain itself or below it, at a label boundary? Both lower case, without port. */
export function isWithinDomain(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
