import { believableHeaders } from "../core/http/client-headers.ts";
import {
  clientAddress,
  type ForwardedFact,
  forwardedHost,
  forwardedScheme,
  isTrustedPeer,
} from "../core/http/forwarded.ts";
import { firstValue, type HeaderLines } from "../core/http/header-lines.ts";
import { hostKeyOf, parseHost } from "../core/http/host.ts";
import type { InboundRequest } from "../core/request.ts";
import type { WireRequest } from "../ports/wire.ts";
import type { Deps } from "./deps.ts";

/** A request taken in, or the status and reason it is turned away with before anything is decided. */
export type Inbound = {
  readonly request: InboundRequest;
  readonly sentHeaders: HeaderLines; //            as received
} & ({ readonly kind: "request" } | { readonly kind: "refused"; readonly status: number; readonly reason: string });

/** The longest target we take, in characters (DOS-03: 414 above). */
const longestTarget = 8192;

/**
 * Turns what the server hands us into an InboundRequest: forwarded facts of a trusted peer are believed, others dropped, spoofable
 * headers gone. Host is checked before the URL is looked at, since a malformed one leaves the URL relative and not normalised; it is
 * checked beside a believed X-Forwarded-Host, too.
 */
export function readInbound(deps: Deps, raw: WireRequest): Inbound {
  const lines = raw.headers;
  const peerIsTrusted = isTrustedPeer(raw.peerAddress, deps.trustedProxies);
  const believed = believableHeaders(lines, peerIsTrusted ? "trusted" : "untrusted");
  const scheme = peerIsTrusted ? forwardedScheme(believed, deps.trustedProxies) : ({ kind: "absent" } as const);
  const forwarded = peerIsTrusted ? forwardedHost(believed, deps.trustedProxies) : ({ kind: "absent" } as const);
  const hostHeader = forwarded.kind === "given" ? forwarded.value : (firstValue(lines, "host") ?? "");
  const effectiveScheme = scheme.kind === "given" ? scheme.value : raw.scheme;
  const host = hostKeyOf(hostHeader, effectiveScheme);
  const request: InboundRequest = {
    id: idOf(deps, believed, peerIsTrusted),
    method: raw.method,
    scheme: effectiveScheme,
    host: host ?? "",
    hostHeader,
    hostSource: hostSourceOf(forwarded),
    target: raw.target,
    headers: believed,
    clientAddress: clientAddress(raw.peerAddress, believed, deps.trustedProxies),
    peerAddress: raw.peerAddress,
    peerIsTrusted,
  };
  const isOwnHostSound = forwarded.kind !== "given" || parseHost(firstValue(lines, "host") ?? "") !== null;
  const isHostSound = host !== null && isOwnHostSound;
  const problem = problemOf(request, isHostSound, [scheme, forwarded]);
  if (problem === null) return { kind: "request", request, sentHeaders: lines };
  return { kind: "refused", ...problem, request, sentHeaders: lines };
}

function problemOf(
  request: InboundRequest,
  isHostSound: boolean,
  facts: readonly ForwardedFact<string>[],
): { readonly status: number; readonly reason: string } | null {
  if (!isHostSound) return { status: 400, reason: "Host is missing or no valid host" };
  for (const fact of facts) {
    if (fact.kind === "malformed") return { status: 400, reason: `${fact.header} does not hold one usable value` };
  }
  const { method, target } = request;
  if (method === "TRACE" || method === "CONNECT") return { status: 501, reason: `method ${method} is not served` };
  if (!target.startsWith("/")) return { status: 400, reason: "the request target is no path" };
  if (target.length > longestTarget) return { status: 414, reason: "the request target is too long" };
  return target.includes("#") ? { status: 400, reason: "the request target holds a #" } : null;
}

function hostSourceOf(forwarded: ForwardedFact<string>): InboundRequest["hostSource"] {
  if (forwarded.kind !== "given") return "Host";
  return forwarded.header === "Forwarded" ? "Forwarded" : "X-Forwarded-Host";
}

/** A trusted peer's X-Request-Id is kept, so that its log and ours meet; otherwise a new one. */
function idOf(deps: Deps, headers: HeaderLines, peerIsTrusted: boolean): string {
  const given = peerIsTrusted ? firstValue(headers, "x-request-id") : null;
  return given !== null && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : deps.newRequestId();
}
