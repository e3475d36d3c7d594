import { remembered } from "../bounds/memory.ts";
import { type ForwardedElement, forwardedElements } from "./forwarded-header.ts";
import { allValues, firstValue, type HeaderLines, soleValue } from "./header-lines.ts";
import { parseHost } from "./host.ts";
import { addressText, isWithinNetworks, type Network, parseAddress } from "./ip-address.ts";

/** Is the other end of this connection one whose forwarded headers count? A unix socket's is: its file mode is the trust. */
export function isTrustedPeer(peerAddress: string, trusted: readonly Network[]): boolean {
  if (peerAddress === "") return true;
  const bytes = parseAddress(peerAddress);
  return bytes !== null && isWithinNetworks(bytes, trusted);
}

/**
 * Who the client is: from the right of X-Forwarded-For, or of Forwarded's `for`, the first hop that is not a trusted proxy (FWD-03). An
 * entry that is no address ends the walk at the hop to its right; from an untrusted peer nothing is read.
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

/** Whom each proxy says that it was asked by, the nearest proxy's word last. */
function hopsOf(headers: HeaderLines): string[] {
  if (speaksForwarded(headers)) return (forwardedElements(headers) ?? []).map((element) => element.for ?? "");
  const values = allValues(headers, "x-forwarded-for");
  return values.length === 0 ? [] : values.flatMap((value) => value.split(","));
}

/** A single-valued forwarded fact of a trusted peer: absent, one usable value, or something that must be refused (FWD-05). */
export type ForwardedFact<Value> =
  | { readonly kind: "absent" }
  | { readonly kind: "given"; readonly value: Value; readonly header: ForwardedHeader }
  | { readonly kind: "malformed"; readonly header: ForwardedHeader };

type ForwardedHeader = "X-Forwarded-Proto" | "X-Forwarded-Host" | "Forwarded";

/** X-Forwarded-Proto, or Forwarded's `proto`: `http` or `https`; `ws` and `wss` mean the same schemes. */
export function forwardedScheme(headers: HeaderLines, trusted: readonly Network[]): ForwardedFact<"http" | "https"> {
  const fact = told(headers, trusted, "X-Forwarded-Proto", "proto");
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

/** X-Forwarded-Host, or Forwarded's `host`, as it was sent, when it is a valid host. */
export function forwardedHost(headers: HeaderLines, trusted: readonly Network[]): ForwardedFact<string> {
  const fact = told(headers, trusted, "X-Forwarded-Host", "host");
  if (fact.kind !== "given" || parseHost(fact.value) !== null) return fact;
  return { kind: "malformed", header: fact.header };
}

/** Names that carry forwarded facts; an untrusted peer's are dropped whole before ours are set (decision 37). */
export function isForwardedName(lowerCaseName: string): boolean {
  return lowerCaseName === "forwarded" || lowerCaseName === "x-real-ip" || lowerCaseName.startsWith("x-forwarded-");
}

/**
 * Forwarded counts where no X-Forwarded-* stands at all: a proxy that writes those and does not know Forwarded passes on the one its
 * client made up.
 */
function speaksForwarded(headers: HeaderLines): boolean {
  if (firstValue(headers, "forwarded") === null) return false;
  return !headers.some(([name]) => name.toLowerCase().startsWith("x-forwarded-"));
}

function told(
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

/** The element that the outermost trusted proxy wrote: each was written by whom the one to its right names, the last by our peer. */
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
