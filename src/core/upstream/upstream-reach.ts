import { type AddressBytes, isWithinNetworks, type Network, parseAddress, parseNetwork } from "../http/ip-address.ts";

/**
 * Which addresses the connections to an upstream may go to. `anywhere`: the config names the upstream itself. The others are of a
 * per-user upstream, whose name somebody else chose: its addresses are looked up, checked, and connected to as checked (UPS-02).
 */
export type UpstreamReach = "anywhere" | "no_link_local" | "no_loopback";

const networks = (...texts: readonly string[]): readonly Network[] => texts.flatMap((text) => parseNetwork(text) ?? []);

/** Link-local, where cloud metadata lives (decision 20), AWS's metadata address of IPv6, and the same by way of NAT64 (RFC 6052). */
const linkLocal = networks("169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "64:ff9b::a9fe:0/112");

/** Linux connects to the machine itself at the unspecified addresses, too. */
const loopback = networks("127.0.0.0/8", "::1", "0.0.0.0/8", "::", "64:ff9b::7f00:0/104");

/** Why an address may not be connected to, as a clause; null: it may. */
export function addressRefusal(address: string, reach: UpstreamReach): string | null {
  if (reach === "anywhere") return null;
  const bytes: AddressBytes | null = parseAddress(address);
  if (bytes === null) return "is no address";
  if (isWithinNetworks(bytes, linkLocal)) return "is a link-local address, which are always refused";
  if (reach === "no_link_local") return null;
  return isWithinNetworks(bytes, loopback) ? "is a loopback address, and the host is not listed by its name" : null;
}
