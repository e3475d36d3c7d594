import { isForwardedName } from "../http/forwarded.ts";
import { forwardedElements } from "../http/forwarded-header.ts";
import type { GivenUrl } from "../http/given-url.ts";
import { allValues, type HeaderLines } from "../http/header-lines.ts";
import { type Inbound, type ReceivedHead, readInbound } from "../http/inbound.ts";
import { isWithinNetworks, type Network, parseAddress } from "../http/ip-address.ts";

/** A hypothetical request. `peer`: the address it comes from; null: not given. */
export interface GivenRequest {
  readonly url: GivenUrl;
  readonly method: string;
  readonly headers: HeaderLines; //                without Host, which is in the URL
  readonly peer: string | null;
}

/** Stands for the peer's address where none is given. */
export const anyPeer = "<peer>";

/**
 * Reads the request in by the code of serve. Forwarded facts count when the peer is trusted (decision 7); a peer that is not given is taken
 * to be a trusted one, so that the given headers have their effect.
 */
export function arrive(given: GivenRequest, trusted: readonly Network[]): Inbound {
  const { path, query } = given.url.target;
  const head: ReceivedHead = {
    method: given.method,
    scheme: given.url.scheme,
    target: query === null ? path : `${path}?${query}`,
    headers: [["Host", given.url.host], ...given.headers],
    peerAddress: given.peer ?? "", //              a unix socket's peer has no address, and is trusted
  };
  const inbound = readInbound(head, trusted, "");
  return given.peer === null ? { ...inbound, request: { ...inbound.request, peerAddress: anyPeer } } : inbound;
}

/** How akproxy reads the forwarded headers that such a peer sends. */
export interface TrustWalk {
  readonly peer: string | null; //                 its address; null: any peer of that kind
  readonly isTrusted: boolean;
  readonly hops: readonly Hop[]; //                of X-Forwarded-For or Forwarded, in the order they are read: from the right
  readonly client: string | null; //               the client's address; null: the peer itself
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly refused: string | null; //              why such a request is refused at once
}

/** One entry of X-Forwarded-For or Forwarded, and how akproxy reads it. */
export interface Hop {
  readonly text: string;
  readonly reading: "trusted proxy" | "client" | "no address" | "not read";
}

/** One walk for a given peer. Without one, and with forwarded headers: one walk for a trusted peer and one for any other. */
export function trustWalks(given: GivenRequest, trusted: readonly Network[]): readonly TrustWalk[] {
  if (given.peer !== null) return [walk(given, given.peer, trusted)];
  if (!given.headers.some(([name]) => isForwardedName(name.toLowerCase()))) return [];
  const fromTrusted = walk(given, "", trusted); // as of a unix socket
  const fromOthers = walk(given, anyPeer, trusted);
  return [
    { ...fromTrusted, peer: null, client: fromTrusted.client === "" ? null : fromTrusted.client },
    { ...fromOthers, peer: null, client: null },
  ];
}

function walk(given: GivenRequest, peer: string, trusted: readonly Network[]): TrustWalk {
  const inbound = arrive({ ...given, peer }, trusted);
  const { request } = inbound;
  const hops: Hop[] = [];
  let isReading = request.peerIsTrusted;
  for (const text of hopsOf(given.headers)) {
    const reading = isReading ? readingOf(text, trusted) : "not read";
    hops.push({ text, reading });
    isReading = reading === "trusted proxy";
  }
  const { peerIsTrusted: isTrusted, clientAddress: client, scheme, host } = request;
  return { peer, isTrusted, hops, client, scheme, host, refused: inbound.kind === "refused" ? inbound.reason : null };
}

/** The entries from the right. Forwarded counts where there is no X-Forwarded-* (clientAddress). */
function hopsOf(headers: HeaderLines): readonly string[] {
  const hasForwarded = headers.some(([name]) => name.toLowerCase().startsWith("x-forwarded-"));
  const hops = hasForwarded
    ? allValues(headers, "x-forwarded-for").flatMap((value) => value.split(","))
    : (forwardedElements(headers) ?? []).map((element) => element.for ?? "");
  return hops.map((hop) => hop.trim()).reverse();
}

function readingOf(hop: string, trusted: readonly Network[]): Hop["reading"] {
  const bytes = parseAddress(hop);
  if (bytes === null) return "no address";
  return isWithinNetworks(bytes, trusted) ? "trusted proxy" : "client";
}
