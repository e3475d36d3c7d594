import { remembered } from "../bounds/memory.ts";

/** An address as its bytes: 4 for IPv4, 16 for IPv6. An IPv4-mapped IPv6 address is the IPv4 address (FWD-04). */
export type AddressBytes = readonly number[];

/** Reads `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, with an optional port after brackets or IPv4, and an optional zone id. */
export const parseAddress: (text: string) => AddressBytes | null = remembered((text) => {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed?.[1] !== undefined) return parseIpv6(bracketed[1]);
  const withPort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text);
  if (withPort?.[1] !== undefined) return parseIpv4(withPort[1]);
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
});

/** The address in its shortest usual spelling: dotted IPv4, or RFC 5952's lower-case groups without compression of a single group. */
export function addressText(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0));
  const zeros = longestZeroRun(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return zeros.length < 2 ? text(0, 8) : `${text(0, zeros.start)}::${text(zeros.start + zeros.length, 8)}`;
}

/** A network: base address and prefix length in bits. */
export interface Network {
  readonly bytes: AddressBytes;
  readonly prefixBits: number;
}

/** Reads CIDR notation, or a single address as a network of one; null when it is neither. */
export function parseNetwork(text: string): Network | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const bytes = /[[\]]/.test(address) ? null : parseAddress(address);
  if (bytes === null || rest.length > 0) return null;
  if (prefix === undefined) return { bytes, prefixBits: bytes.length * 8 };
  const mapped = bytes.length === 4 && address.includes(":");
  const prefixBits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - (mapped ? 96 : 0) : -1;
  return prefixBits < 0 || prefixBits > bytes.length * 8 ? null : { bytes, prefixBits };
}

/** Does any of `networks` contain the address? */
export function isWithinNetworks(address: AddressBytes, networks: readonly Network[]): boolean {
  for (const network of networks) if (isWithin(address, network)) return true;
  return false;
}

function isWithin(address: AddressBytes, network: Network): boolean {
  if (network.bytes.length !== address.length) return false;
  const whole = network.prefixBits >> 3;
  for (let index = 0; index < whole; index++) if (network.bytes[index] !== address[index]) return false;
  const rest = network.prefixBits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((network.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

function parseIpv4(text: string): AddressBytes | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.map(Number);
}

function parseIpv6(textWithZone: string): AddressBytes | null {
  const text = textWithZone.replace(/%[0-9a-z._-]+$/i, "");
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "");
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "") : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff]);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}

/** Groups of one side of `::`; a dotted IPv4 address may be last and counts as two groups. */
function groupsOf(text: string): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const dotted = last.includes(".") ? parseIpv4(last) : null;
  if (last.includes(".") && dotted === null) return null;
  const hex = dotted === null ? parts : parts.slice(0, -1);
  if (!hex.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  const groups = hex.map((part) => Number.parseInt(part, 16));
  if (dotted === null) return groups;
  const [a = 0, b = 0, c = 0, d = 0] = dotted;
  return [...groups, a * 256 + b, c * 256 + d];
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
