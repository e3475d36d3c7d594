import { isIP } from "node:net";
import { ok, type Reading, wrong } from "./reading.ts";

/** A network; `everybody` says that it holds every IPv4 or every IPv6 address (decision 41, CFG-09). */
export interface Network {
  readonly cidr: string; //                        with its prefix length, also for one address
  readonly everybody: boolean;
}

/** `10.0.0.0/8`, `fc00::/7`, or one address. */
export function readCidr(text: string): Reading<Network> {
  const [address = "", prefixText, more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more !== undefined || address.includes("%")) {
    return wrong("is not a network", "write an address and a prefix length: 10.0.0.0/8, fd00::/8, or one address");
  }
  const bits = version === 4 ? 32 : 128;
  if (prefixText === undefined) return ok({ cidr: `${address}/${bits}`, everybody: false });
  const prefix = Number(prefixText);
  if (!/^\d{1,3}$/.test(prefixText) || prefix > bits) {
    return wrong(`has a prefix length that is not 0 to ${bits}`, `write ${address}/${bits} for this one address`);
  }
  return ok({ cidr: `${address}/${prefix}`, everybody: prefix === 0 || isAllMapped(address, prefix) });
}

/** `::ffff:0:0/96` and wider is the whole of IPv4 in IPv6's clothes (RFC 4291 2.5.5.2). */
function isAllMapped(address: string, prefix: number): boolean {
  if (isIP(address) !== 6 || prefix > 96) return false;
  const canonical = new URL(`http://[${address}]/`).hostname;
  return canonical === "[::ffff:0:0]" || (canonical === "[::]" && prefix <= 80);
}
