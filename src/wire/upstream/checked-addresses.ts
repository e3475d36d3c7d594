import { addressRefusal, type UpstreamReach } from "../../core/upstream/upstream-reach.ts";

/** Resolves all addresses of a name. Rejects if there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The system's resolver, including its hosts file. */
export const systemResolve: Resolve = async (hostname) =>
  (await Bun.dns.lookup(hostname)).map(({ address }) => address);

/** The addresses to connect to, in the resolver's order; or why the name is refused. */
export type CheckedAddresses =
  | { readonly kind: "usable"; readonly addresses: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Resolves `hostname` once and checks every address. One refused address refuses the name, since a name with allowed and refused addresses
 * is a sign of DNS rebinding (UPS-02). The caller must connect to these addresses and not resolve the name again.
 */
export async function checkedAddresses(
  hostname: string,
  reach: UpstreamReach,
  resolve: Resolve,
): Promise<CheckedAddresses> {
  const addresses = await resolve(hostname);
  for (const address of addresses) {
    const refusal = addressRefusal(address, reach);
    if (refusal !== null) return { kind: "refused", reason: `${refusedAddress} ${address} ${refusal}` };
  }
  return { kind: "usable", addresses };
}

const refusedAddress = "refused address";

/** Was the connection refused because of its address? Then the upstream is not allowed, rather than unreachable. */
export function isRefusedAddress(code: string): boolean {
  return code.startsWith(refusedAddress);
}
