import { allValues, type HeaderLines } from "./header-lines.ts";
import { parseHost } from "./host.ts";
import { addressText, isWithinNetworks, type Network, parseAddress } from "./ip-address.ts";

/** Is the other end of this connection one whose forwarded headers count? A unix socket's is: its file mode is the trust. */
export function isTrustedPeer(peerAddress: string, trusted: readonly Network[]): boolean {
  if (peerAddress === "") return true;
  const bytes = parseAddress(peerAddress);
  return bytes !== null && isWithinNetworks(bytes, trusted);
}

/**
 * Who the client is: from the right of X-Forwarded-For the first hop that is not a trusted proxy (FWD-03). An entry that is no
 * address ends the walk at the hop to its right; from an untrusted peer nothing is read.
 */
export function clientAddress(peerAddress: string, headers: HeaderLines, trusted: readonly Network[]): string {
  let nearest = canonical(peerAddress);
  if (!isTrustedPeer(peerAddress, trusted)) return nearest;
  const hops = allValues(headers, "x-forwarded-for").flatMap((value) => value.split(","));
  for (const hop of hops.reverse()) {
    const bytes = parseAddress(hop.trim());
    if (bytes === null) return nearest;
    nearest = addressText(bytes);
    if (!isWithinNetworks(bytes, trusted)) return nearest;
  }
  return nearest;
}

/** A single-valued forwarded header of a trusted peer: absent, one usable value, or something that must be refused (FWD-05). */
export type ForwardedFact<Value> =
  | { readonly kind: "absent" }
  | { readonly kind: "given"; readonly value: Value }
  | { readonly kind: "malformed"; readonly header: string };

/** X-Forwarded-Proto: `http` or `https`; `ws` and `wss` mean the same schemes. */
export function forwardedScheme(headers: HeaderLines): ForwardedFact<"http" | "https"> {
  const fact = single(headers, "X-Forwarded-Proto");
  if (fact.kind !== "given") return fact;
  switch (fact.value.toLowerCase()) {
    case "https":
    case "wss":
      return { kind: "given", value: "https" };
    case "http":
    case "ws":
      return { kind: "given", value: "http" };
    default:
      return { kind: "malformed", header: "X-Forwarded-Proto" };
  }
}

/** X-Forwarded-Host as it was sent, when it is a valid host. */
export function forwardedHost(headers: HeaderLines): ForwardedFact<string> {
  const fact = single(headers, "X-Forwarded-Host");
  if (fact.kind !== "given" || parseHost(fact.value) !== null) return fact;
  return { kind: "malformed", header: "X-Forwarded-Host" };
}

/** Names that carry forwarded facts; an untrusted peer's are dropped whole before ours are set (decision 37). */
export function isForwardedName(lowerCaseName: string): boolean {
  return lowerCaseName === "forwarded" || lowerCaseName === "x-real-ip" || lowerCaseName.startsWith("x-forwarded-");
}

function single(headers: HeaderLines, name: string): ForwardedFact<string> {
  const values = allValues(headers, name).map((value) => value.trim());
  if (values.length === 0 || (values.length === 1 && values[0] === "")) return { kind: "absent" };
  const [value = ""] = values;
  return values.length > 1 || value.includes(",") ? { kind: "malformed", header: name } : { kind: "given", value };
}

function canonical(address: string): string {
  const bytes = parseAddress(address);
  return bytes === null ? address : addressText(bytes);
}
