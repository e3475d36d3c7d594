import type { InboundRequest } from "../request.ts";
import { acceptedHeaders } from "./client-headers.ts";
import { clientAddress, type ForwardedFact, forwardedHost, forwardedScheme, isTrustedPeer } from "./forwarded.ts";
import { firstValue, type HeaderLines } from "./header-lines.ts";
import { hostKeyOf, parseHost } from "./host.ts";
import type { Network } from "./ip-address.ts";
import { longestTarget } from "./judged-target.ts";

/** The head of a request as the server received it: not normalised and not checked. */
export interface ReceivedHead {
  readonly method: string;
  readonly scheme: "http" | "https"; //            by TLS on this connection
  readonly target: string;
  readonly headers: HeaderLines; //                with Host
  readonly peerAddress: string; //                 "" for a unix socket
}

/** An accepted request, or one that akproxy refuses with this status before it chooses a provider. */
export type Inbound =
  | { readonly kind: "request"; readonly request: InboundRequest }
  | ({ readonly kind: "refused"; readonly request: InboundRequest } & EdgeRefusal);

export interface EdgeRefusal {
  readonly status: number;
  readonly reason: string;
}

/**
 * Reads a received head into an InboundRequest: the forwarded facts of a trusted peer count, those of others are dropped, and headers that
 * only akproxy may set are removed. The client's own Host must be valid even where a trusted peer's X-Forwarded-Host replaces it.
 * `ownId` is the request id, unless a trusted peer sends a usable X-Request-Id.
 */
export function readInbound(head: ReceivedHead, trusted: readonly Network[], ownId: string): Inbound {
  const { headers: received, peerAddress } = head;
  const peerIsTrusted = isTrustedPeer(peerAddress, trusted);
  const headers = acceptedHeaders(received, peerIsTrusted ? "trusted" : "untrusted");
  const scheme = peerIsTrusted ? forwardedScheme(headers, trusted) : absent;
  const forwarded = peerIsTrusted ? forwardedHost(headers, trusted) : absent;
  const ownHost = firstValue(received, "host") ?? "";
  const hostHeader = forwarded.kind === "given" ? forwarded.value : ownHost;
  const effectiveScheme = scheme.kind === "given" ? scheme.value : head.scheme;
  const host = hostKeyOf(hostHeader, effectiveScheme);
  const request: InboundRequest = {
    id: peerIsTrusted ? idOf(headers, ownId) : ownId,
    method: head.method,
    scheme: effectiveScheme,
    host: host ?? "",
    hostHeader,
    hostSource: hostSourceOf(forwarded),
    target: head.target,
    headers,
    clientAddress: clientAddress(peerAddress, headers, trusted),
    peerAddress,
    peerIsTrusted,
  };
  const isOwnHostValid = forwarded.kind !== "given" || parseHost(ownHost) !== null;
  const isHostValid = host !== null && isOwnHostValid;
  const refusal = refusalOf(request, isHostValid, [scheme, forwarded]);
  return refusal === null ? { kind: "request", request } : { kind: "refused", request, ...refusal };
}

const absent = { kind: "absent" } as const;

function refusalOf(
  { method, target }: InboundRequest,
  isHostValid: boolean,
  facts: readonly ForwardedFact<string>[],
): EdgeRefusal | null {
  if (!isHostValid) return { status: 400, reason: "Host is missing or is not a valid host" };
  for (const fact of facts) {
    if (fact.kind === "malformed") return { status: 400, reason: `${fact.header} does not hold one usable value` };
  }
  if (method === "TRACE" || method === "CONNECT") return { status: 501, reason: `method ${method} is not served` };
  if (!target.startsWith("/")) return { status: 400, reason: "the request target is not a path" };
  if (target.length > longestTarget) return { status: 414, reason: "the request target is too long" };
  return target.includes("#") ? { status: 400, reason: "the request target contains a #" } : null;
}

function hostSourceOf(forwarded: ForwardedFact<string>): InboundRequest["hostSource"] {
  if (forwarded.kind !== "given") return "Host";
  return forwarded.header === "Forwarded" ? "Forwarded" : "X-Forwarded-Host";
}

/** A trusted peer's X-Request-Id is kept, so that its log and akproxy's name a request alike. */
function idOf(headers: HeaderLines, ownId: string): string {
  const given = firstValue(headers, "x-request-id");
  return given !== null && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : ownId;
}
