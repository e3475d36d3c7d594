import { parseAddress } from "../../core/http/ip-address.ts";
import type { Upstream } from "../../core/provider.ts";

/** TLS to an upstream as Bun.connect takes it; the certificate must name `serverName`, else the host that is connected to. */
export interface UpstreamTls {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly serverName?: string;
}

/** Where an upstream's connections go. */
export type UpstreamAddress =
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number } // hostname without brackets
  | { readonly kind: "unix"; readonly path: string };

/** The address of `upstream`; a port that is not named is its scheme's. */
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
 * TLS options of `upstream`; null: plain. Its identity never follows the Host header (UPS-12). Where an address that was looked up is
 * connected to, the name that was looked up is asked for and verified.
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

/** The host where it is a name; an address is verified as such, without SNI (RFC 6066 3). */
function nameOf(upstream: Upstream): string | null {
  const address = upstreamAddress(upstream);
  return address.kind === "unix" || parseAddress(address.hostname) !== null ? null : address.hostname;
}

/** Names an upstream in a message: its socket, or scheme and host; never a target, which may hold a secret. */
export function upstreamName(upstream: Upstream): string {
  if (upstream.unixPath !== null) return `unix:${upstream.unixPath}`;
  return `${upstream.scheme}://${upstream.hostAndPort}`;
}

/** What must be equal for two requests to use one connection: the address, which of them was allowed, and everything that decided whether its TLS was right. */
export function connectionKey(upstream: Upstream): string {
  const { scheme, hostAndPort, unixPath, verifyTls, caPem, serverName, reach } = upstream;
  return JSON.stringify([scheme, unixPath ?? hostAndPort, unixPath !== null, verifyTls, caPem, serverName, reach]);
}
