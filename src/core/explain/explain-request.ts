import { believableHeaders } from "../http/client-headers.ts";
import {
  clientAddress,
  type ForwardedFact,
  forwardedHost,
  forwardedScheme,
  isForwardedName,
  isTrustedPeer,
} from "../http/forwarded.ts";
import { forwardedElements } from "../http/forwarded-header.ts";
import type { GivenUrl } from "../http/given-url.ts";
import { allValues, type HeaderLines } from "../http/header-lines.ts";
import { hostKey, parseHost } from "../http/host.ts";
import { isWithinNetworks, type Network, parseAddress } from "../http/ip-address.ts";
import type { InboundRequest } from "../request.ts";

/** A request that is thought of. `peer`: the address it comes from, null when that is not said. */
export interface Asked {
  readonly url: GivenUrl;
  readonly method: string;
  readonly headers: HeaderLines; //                without Host, which the URL tells
  readonly peer: string | null;
}

/** The request after the edge, as serve would have it, or the status it is turned away with there. */
export interface Arrived {
  readonly request: InboundRequest;
  readonly refused: { readonly status: number; readonly reason: string } | null;
}

/** What stands for the peer's address where none is said. */
export const anyPeer = "<peer>";

/** The longest target that serve takes, in characters (DOS-03). */
const longestTarget = 8192;

/**
 * Takes the request in. Forwarded facts count when the peer is trusted (decision 7); a peer that is not said is taken to be a trusted
 * one, so that headers which are given have their effect.
 */
export function arrive(asked: Asked, trusted: readonly Network[]): Arrived {
  const peerIsTrusted = asked.peer === null || isTrustedPeer(asked.peer, trusted);
  const lines: HeaderLines = [["Host", asked.url.host], ...asked.headers];
  const headers = believableHeaders(lines, peerIsTrusted ? "trusted" : "untrusted");
  const proto = peerIsTrusted ? forwardedScheme(headers, trusted) : ({ kind: "absent" } as const);
  const forwarded = peerIsTrusted ? forwardedHost(headers, trusted) : ({ kind: "absent" } as const);
  const scheme = proto.kind === "given" ? proto.value : asked.url.scheme;
  const hostHeader = forwarded.kind === "given" ? forwarded.value : asked.url.host;
  const host = parseHost(hostHeader);
  const { path, query } = asked.url.target;
  const request: InboundRequest = {
    id: "",
    method: asked.method,
    scheme,
    host: host === null ? "" : hostKey(host, scheme),
    hostHeader,
    hostSource:
      forwarded.kind !== "given" ? "Host" : forwarded.header === "Forwarded" ? "Forwarded" : "X-Forwarded-Host",
    target: query === null ? path : `${path}?${query}`,
    headers,
    clientAddress: clientAddress(asked.peer ?? "", headers, trusted),
    peerAddress: asked.peer ?? anyPeer,
    peerIsTrusted,
  };
  return { request, refused: refusalOf(request, [proto, forwarded]) };
}

function refusalOf({ method, target }: InboundRequest, facts: readonly ForwardedFact<string>[]): Arrived["refused"] {
  for (const fact of facts) {
    if (fact.kind === "malformed") return { status: 400, reason: `${fact.header} does not hold one usable value` };
  }
  if (method === "TRACE" || method === "CONNECT") return { status: 501, reason: `method ${method} is not served` };
  return target.length > longestTarget ? { status: 414, reason: "the request target is too long" } : null;
}

/** What becomes of the forwarded headers when they come from such a peer. */
export interface TrustWalk {
  readonly peer: string | null; //                 its address; null: any of that kind
  readonly isTrusted: boolean;
  readonly hops: readonly Hop[]; //                of X-Forwarded-For or Forwarded, in the order they are read: from the right
  readonly client: string | null; //               who the client is taken to be; null: the peer itself
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly refused: string | null; //              why such a request is turned away at once
}

/** One entry of X-Forwarded-For or Forwarded, and what reading it gave. */
export interface Hop {
  readonly text: string;
  readonly reading: "trusted proxy" | "client" | "no address" | "not read";
}

/** One walk for a peer that is said; else, where there are forwarded headers, one as from a trusted peer and one as from any other. */
export function trustWalks(asked: Asked, trusted: readonly Network[]): readonly TrustWalk[] {
  if (asked.peer !== null) return [walk(asked, asked.peer, trusted)];
  if (!asked.headers.some(([name]) => isForwardedName(name.toLowerCase()))) return [];
  const fromTrusted = walk(asked, "", trusted); // a unix socket's peer has no address, and is trusted
  const fromOthers = walk(asked, anyPeer, trusted);
  return [
    { ...fromTrusted, peer: null, client: fromTrusted.client === "" ? null : fromTrusted.client },
    { ...fromOthers, peer: null, client: null },
  ];
}

function walk(asked: Asked, peer: string, trusted: readonly Network[]): TrustWalk {
  const { request, refused } = arrive({ ...asked, peer }, trusted);
  const hops: Hop[] = [];
  let isReading = request.peerIsTrusted;
  for (const text of hopsOf(asked.headers)) {
    const reading = isReading ? readingOf(text, trusted) : "not read";
    hops.push({ text, reading });
    isReading = reading === "trusted proxy";
  }
  const { peerIsTrusted: isTrusted, clientAddress: client, scheme, host } = request;
  return { peer, isTrusted, hops, client, scheme, host, refused: refused?.reason ?? null };
}

/** From the right. Forwarded is read where no X-Forwarded-* stands (clientAddress). */
function hopsOf(headers: HeaderLines): readonly string[] {
  const speaksX = headers.some(([name]) => name.toLowerCase().startsWith("x-forwarded-"));
  const hops = speaksX
    ? allValues(headers, "x-forwarded-for").flatMap((value) => value.split(","))
    : (forwardedElements(headers) ?? []).map((element) => element.for ?? "");
  return hops.map((hop) => hop.trim()).reverse();
}

function readingOf(hop: string, trusted: readonly Network[]): Hop["reading"] {
  const bytes = parseAddress(hop);
  if (bytes === null) return "no address";
  return isWithinNetworks(bytes, trusted) ? "trusted proxy" : "client";
}
