import { isIP, isIPv4, isIPv6 } from "node:net";
import type { ListenAddress } from "../../core/config.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { listOf, textOf } from "./text-type.ts";

const accepted = 'write HOST:PORT (0.0.0.0:9000), [::]:PORT, unix:/path.sock, or "" to turn it off';

/** A listener's address: `HOST:PORT`, `[::]:PORT` or `unix:/path.sock`; `""` is null, a listener that is off (spec: reading rules). */
export function readAddress(text: string): Reading<ListenAddress | null> {
  if (text === "") return ok(null);
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (!path.startsWith("/"))
      return wrong("has a socket path that is not absolute", "write unix:/run/akproxy/http.sock");
    return ok({ kind: "unix", path });
  }
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return wrong("is not an address", accepted);
  const [, inBrackets, bare = "", port = ""] = parts;
  if (Number(port) > 65535) return wrong("has a port above 65535", accepted);
  if (inBrackets !== undefined ? !isIPv6(inBrackets) : !isHostName(bare)) return wrong("is not an address", accepted);
  return ok({ kind: "tcp", hostname: inBrackets ?? bare.toLowerCase(), port: Number(port) });
}

/** A DNS name or an IPv4 address; digits and dots alone must be an IPv4 address. */
function isHostName(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIPv4(text);
  return /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/.test(text);
}

/** The address of a listener. */
export function address() {
  return textOf(readAddress, null);
}

/** A network. `isEveryAddress`: it contains every IPv4 or every IPv6 address (decision 41, CFG-09). */
export interface Network {
  readonly cidr: string; //                        with its prefix length, also for one address
  readonly isEveryAddress: boolean;
}

/** `10.0.0.0/8`, `fc00::/7`, or one address. */
export function readCidr(text: string): Reading<Network> {
  const [host = "", prefixText, more] = text.split("/");
  const version = isIP(host);
  if (version === 0 || more !== undefined || host.includes("%")) {
    return wrong(
      "is not a network",
      "write an address with a prefix length (10.0.0.0/8, fd00::/8) or a single address",
    );
  }
  const bits = version === 4 ? 32 : 128;
  if (prefixText === undefined) return ok({ cidr: `${host}/${bits}`, isEveryAddress: false });
  const prefix = Number(prefixText);
  if (!/^\d{1,3}$/.test(prefixText) || prefix > bits) {
    return wrong(`has a prefix length that is not 0 to ${bits}`, `write ${host}/${bits} for this single address`);
  }
  return ok({ cidr: `${host}/${prefix}`, isEveryAddress: prefix === 0 || isAllMapped(host, prefix) });
}

/** `::ffff:0:0/96` and wider networks contain every IPv4-mapped address (RFC 4291 2.5.5.2). */
function isAllMapped(host: string, prefix: number): boolean {
  if (isIP(host) !== 6 || prefix > 96) return false;
  const canonical = new URL(`http://[${host}]/`).hostname;
  return canonical === "[::ffff:0:0]" || (canonical === "[::]" && prefix <= 80);
}

/** A list of networks; an entry that cannot be read is null. */
export function cidrs() {
  return listOf(readCidr, null);
}
