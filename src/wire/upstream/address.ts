import { parseAddress } from "../../core/http/ip-address.ts";
import type { Upstream } from "../../core/provider.ts";

/** TLS options of Bun.connect. The certificate must name `serverName` if it is set, else the host of the connection. */
export interface UpstreamTls {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly serverName?: string;
}

/** The address of an upstream. */
export type UpstreamAddress =
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number } // hostname without brackets
  | { readonly kind: "unix"; readonly path: string };

/** The address of `upstream`; without a port, the default port of its scheme. */
export function upstreamAddress(upstream: Upstream): UpstreamAddress {
  if (upstream.unixPath !== null) return { kind: "unix", path: upstream.unixPath };
  const { hostAndPort } = upstream;
  const portAt = hostAndPort.lastIndexOf(":");
  const hasPort = portAt > hostAndPort.lastIndexOf("]");
  const host = hasPort ? hostAndPort.slice(0, portAt) : hostAndPort;
  const port = hasPort ? Number(hostAndPort.slice(portAt + 1)) : upstream.scheme === "https" ? 443 : 80;
  return { kind: "tcp", hostname: host.replace(/^\[(.*)\]$/, "$1"), port };
}

/**
 * TLS options of `upstream`; null: plain. The name that is verified never comes from the Host header (UPS-12). If akproxy resolved the
 * address itself, it sends and verifies the name that it resolved.
 */
export function upstreamTls(upstream: Upstream): UpstreamTls | null {
  if (upstream.scheme === "http") return null;
  const serverName = upstream.serverName ?? (upstream.reach === "anywhere" ? null : nameOf(upstream));
  return {
    rejectUnauthorized: upstream.verifyTls,
    ...(upstream.caPem === null ? {} : { ca: upstream.caPem }),
    ...(serverName === null ? {} : { serverName }),
  };
}

/** The host if it is a name. An IP address is verified as such, without SNI (RFC 6066 3). */
function nameOf(upstream: Upstream): string | null {
  const address = upstreamAddress(upstream);
  return address.kind === "unix" || parseAddress(address.hostname) !== null ? null : address.hostname;
}

/** The name of an upstream in a message: its socket, or scheme and host. Never the target, which may contain a secret. */
export function upstreamName(upstream: Upstream): string {
  if (upstream.unixPath !== null) return `unix:${upstream.unixPath}`;
  return `${upstream.scheme}://${upstream.hostAndPort}`;
}

/** Two requests may share a connection if this is equal: the address, the allowed addresses, and everything that TLS verification depends on. */
export function connectionKey(upstream: Upstream): string {
  const { scheme, hostAndPort, unixPath, verifyTls, caPem, serverName, reach } = upstream;
  return JSON.stringify([scheme, unixPath ?? hostAndPort, unixPath !== null, verifyTls, caPem, serverName, reach]);
}
