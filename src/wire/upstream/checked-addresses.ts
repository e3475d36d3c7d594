import { addressRefusal, type UpstreamReach } from "../../core/upstream/upstream-reach.ts";

/** Every address of a name, as the system's resolver tells them. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The resolver of the system: its hosts file, too. */
export const systemResolve: Resolve = async (hostname) =>
  (await Bun.dns.lookup(hostname)).map(({ address }) => address);

/** The addresses to connect to, in the resolver's order; or why none of them may be. */
export type CheckedAddresses =
  | { readonly kind: "usable"; readonly addresses: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Looks up `hostname` once and checks every address: one that is refused refuses them all, since a name that answers with both is one
 * that is being rebound (UPS-02). Who connects must connect to these, and not look the name up again.
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

/** Is this why a connection never stood? Then the upstream is one that may not be used, and not one that is away. */
export function isRefusedAddress(code: string): boolean {
  return code.startsWith(refusedAddress);
}
