import { remembered } from "../bounds/memory.ts";
import { type ForwardedElement, forwardedElements } from "./forwarded-header.ts";
import { allValues, firstValue, type HeaderLines, soleValue } from "./header-lines.ts";
import { parseHost } from "./host.ts";
import { addressText, isWithinNetworks, type Network, parseAddress } from "./ip-address.ts";

/** Is the peer of this connection a trusted proxy? The peer of a unix socket is: the mode of the socket's file decides who connects. */
export function isTrustedPeer(peerAddress: string, trusted: readonly Network[]): boolean {
  if (peerAddress === "") return true;
  const bytes = parseAddress(peerAddress);
  return bytes !== null && isWithinNetworks(bytes, trusted);
}

/**
 * The address of the client: from the right of X-Forwarded-For, or of Forwarded's `for`, the first hop that is not a trusted proxy (FWD-03). An
 * entry that is not an address ends the search: the hop to its right is the client. The headers of an untrusted peer are not read.
 */
export function clientAddress(peerAddress: string, headers: HeaderLines, trusted: readonly Network[]): string {
  let nearest = canonical(peerAddress);
  if (!isTrustedPeer(peerAddress, trusted)) return nearest;
  for (const hop of hopsOf(headers).reverse()) {
    const bytes = parseAddress(hop.trim());
    if (bytes === null) return nearest;
    nearest = addressText(bytes);
    if (!isWithinNetworks(bytes, trusted)) return nearest;
  }
  return nearest;
}

/** The client that each proxy names, the nearest proxy last. */
function hopsOf(headers: HeaderLines): string[] {
  if (speaksForwarded(headers)) return (forwardedElements(headers) ?? []).map((element) => element.for ?? "");
  const values = allValues(headers, "x-forwarded-for");
  return values.length === 0 ? [] : values.flatMap((value) => value.split(","));
}

/** A forwarded fact of a trusted peer that has one value: absent, given, or malformed, which must be refused (FWD-05). */
export type ForwardedFact<Value> =
  | { readonly kind: "absent" }
  | { readonly kind: "given"; readonly value: Value; readonly header: ForwardedHeader }
  | { readonly kind: "malformed"; readonly header: ForwardedHeader };

type ForwardedHeader = "X-Forwarded-Proto" | "X-Forwarded-Host" | "Forwarded";

/** X-Forwarded-Proto, or Forwarded's `proto`: `http` or `https`; `ws` and `wss` mean the same schemes. */
export function forwardedScheme(headers: HeaderLines, trusted: readonly Network[]): ForwardedFact<"http" | "https"> {
  const fact = forwardedFact(headers, trusted, "X-Forwarded-Proto", "proto");
  if (fact.kind !== "given") return fact;
  switch (fact.value.toLowerCase()) {
    case "https":
    case "wss":
      return { ...fact, value: "https" };
    case "http":
    case "ws":
      return { ...fact, value: "http" };
    default:
      return { kind: "malformed", header: fact.header };
  }
}

/** X-Forwarded-Host, or Forwarded's `host`, as sent; `malformed` when it is not a valid host. */
export function forwardedHost(headers: HeaderLines, trusted: readonly Network[]): ForwardedFact<string> {
  const fact = forwardedFact(headers, trusted, "X-Forwarded-Host", "host");
  if (fact.kind !== "given" || parseHost(fact.value) !== null) return fact;
  return { kind: "malformed", header: fact.header };
}

/** Is this the name of a forwarded header? akproxy drops those of an untrusted peer before it sets its own (decision 37). */
export function isForwardedName(lowerCaseName: string): boolean {
  return lowerCaseName === "forwarded" || lowerCaseName === "x-real-ip" || lowerCaseName.startsWith("x-forwarded-");
}

/**
 * Forwarded counts only when the request has no X-Forwarded-* header: a proxy that sets those and does not know Forwarded would pass on a
 * Forwarded header that its client invented.
 */
function speaksForwarded(headers: HeaderLines): boolean {
  if (firstValue(headers, "forwarded") === null) return false;
  return !headers.some(([name]) => name.toLowerCase().startsWith("x-forwarded-"));
}

function forwardedFact(
  headers: HeaderLines,
  trusted: readonly Network[],
  header: "X-Forwarded-Proto" | "X-Forwarded-Host",
  parameter: "proto" | "host",
): ForwardedFact<string> {
  if (!speaksForwarded(headers)) return single(headers, header);
  const elements = forwardedElements(headers);
  if (elements === null) return { kind: "malformed", header: "Forwarded" };
  const value = outermostTrusted(elements, trusted)?.[parameter] ?? "";
  return value === "" ? { kind: "absent" } : { kind: "given", value, header: "Forwarded" };
}

/** The element of the outermost trusted proxy. The proxy that an element names wrote the element to its left; the peer wrote the last one. */
function outermostTrusted(
  elements: readonly ForwardedElement[],
  trusted: readonly Network[],
): ForwardedElement | undefined {
  const firstFromRight = elements.findLast((element) => {
    const bytes = parseAddress(element.for ?? "");
    return bytes === null || !isWithinNetworks(bytes, trusted);
  });
  return firstFromRight ?? elements[0];
}

const absent = { kind: "absent" } as const;

function single(headers: HeaderLines, header: "X-Forwarded-Proto" | "X-Forwarded-Host"): ForwardedFact<string> {
  const value = soleValue(headers, header)?.trim();
  if (value === "") return absent;
  return value === undefined || value.includes(",") ? { kind: "malformed", header } : { kind: "given", value, header };
}

const canonical = remembered((address) => {
  const bytes = parseAddress(address);
  return bytes === null ? address : addressText(bytes);
});
