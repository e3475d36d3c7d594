import { type AddressBytes, isWithinNetworks, type Network, parseAddress, parseNetwork } from "../http/ip-address.ts";

/**
 * The addresses that a connection to an upstream may use. `anywhere`: the config names the upstream itself. The others are for a per-user
 * upstream, whose name comes from a claim: akproxy resolves the name, checks every address, and connects to a checked address (UPS-02).
 */
export type UpstreamReach = "anywhere" | "no_link_local" | "no_loopback";

/** Addresses that are never an upstream of a claim, and loopback, which needs an entry that names the host (decisions 20 and 31). */
export type SpecialAddress = "link-local" | "cloud metadata" | "multicast or reserved" | "loopback";

const networks = (...texts: readonly string[]): readonly Network[] => texts.flatMap((text) => parseNetwork(text) ?? []);

/** RFC 6890, and the metadata services of clouds outside the link-local range. The first row that matches decides. */
const special: readonly (readonly [SpecialAddress, readonly Network[]])[] = [
  ["link-local", networks("169.254.0.0/16", "fe80::/10", "fec0::/10")],
  [
    "cloud metadata",
    networks(
      "100.100.100.200", //  Alibaba Cloud
      "168.63.129.16", //    Azure's WireServer
      "192.0.0.192", //      Oracle Cloud
      "fd00:ec2::254", //    AWS
      "fd00:ec2::23", //     AWS, credentials of EKS
      "fd20:ce::254", //     Google Cloud
      "fd00:c1::a9fe:a9fe", // Oracle Cloud
      "fd00:42::42", //      Scaleway
    ),
  ],
  ["multicast or reserved", networks("224.0.0.0/4", "240.0.0.0/4", "ff00::/8")],
  // Linux connects to the machine itself at the unspecified addresses
  ["loopback", networks("127.0.0.0/8", "::1", "0.0.0.0/8", "::")],
];

/** A network of IPv6 addresses that carry an IPv4 address, and the places of its four bytes. `inverted`: each bit is flipped. */
interface Carrier {
  readonly network: Network;
  readonly places: readonly (readonly number[])[];
  readonly inverted: boolean;
}

const carrier = (text: string, places: Carrier["places"], inverted = false): readonly Carrier[] =>
  networks(text).map((network) => ({ network, places, inverted }));

/** A translator or a tunnel sends what goes to such an address to the IPv4 address inside, so the same rules hold for that one. */
const carriers: readonly Carrier[] = [
  ...carrier("::/96", [[12, 13, 14, 15]]), //                 IPv4-compatible, RFC 4291 2.5.5.1
  ...carrier("::ffff:0:0:0/96", [[12, 13, 14, 15]]), //       IPv4-translated, RFC 2765
  ...carrier("64:ff9b::/96", [[12, 13, 14, 15]]), //          NAT64, RFC 6052
  ...carrier("64:ff9b:1::/48", [
    // local NAT64, RFC 8215, with a prefix of 96, 64, 56 or 48 bits (RFC 6052 2.2)
    [12, 13, 14, 15],
    [9, 10, 11, 12],
    [7, 9, 10, 11],
    [6, 7, 9, 10],
  ]),
  ...carrier("2002::/16", [[2, 3, 4, 5]]), //                 6to4, RFC 3056
  ...carrier("2001::/32", [[4, 5, 6, 7]]), //                 Teredo's server, RFC 4380
  ...carrier("2001::/32", [[12, 13, 14, 15]], true), //       Teredo's client
];

/** What is special about an address, or about an IPv4 address inside it; null: nothing. */
export function specialAddress(address: AddressBytes): SpecialAddress | null {
  // a translator sends nothing to 0.0.0.0/8, which is where a form that was not meant often points
  const meant = [address, ...carriedBy(address).filter(([first]) => first !== 0)];
  const row = special.find(([, ranges]) => meant.some((each) => isWithinNetworks(each, ranges)));
  return row === undefined ? null : row[0];
}

function carriedBy(address: AddressBytes): readonly AddressBytes[] {
  if (address.length !== 16) return [];
  const bytesAt = (places: readonly number[], flip: number) => places.map((place) => (address[place] ?? 0) ^ flip);
  const found = carriers.flatMap(({ network, places, inverted }) =>
    isWithinNetworks(address, [network]) ? places.map((each) => bytesAt(each, inverted ? 0xff : 0)) : [],
  );
  // ISATAP, RFC 5214 6.1: in any network, an interface identifier of 0000:5efe or 0200:5efe before the address
  const isIsatap = address[10] === 0x5e && address[11] === 0xfe && ((address[8] ?? 0) & 0xfd) === 0 && address[9] === 0;
  return isIsatap ? [...found, bytesAt([12, 13, 14, 15], 0)] : found;
}

/** Why an address may not be connected to, as a clause; null: it may. */
export function addressRefusal(address: string, reach: UpstreamReach): string | null {
  if (reach === "anywhere") return null;
  const bytes = parseAddress(address);
  if (bytes === null) return "is not an address";
  const kind = specialAddress(bytes);
  if (kind === null) return null;
  if (kind !== "loopback") return `is a ${kind} address, which akproxy always refuses`;
  return reach === "no_link_local" ? null : "is a loopback address, and the host is not listed by its name";
}
