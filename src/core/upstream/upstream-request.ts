import { foldedName } from "../http/client-headers.ts";
import { isOurCookieName, withoutCookies } from "../http/cookie.ts";
import { allValues, type HeaderLine, type HeaderLines, isNamed } from "../http/header-lines.ts";
import { endToEnd } from "../http/hop-by-hop.ts";
import { parseHost } from "../http/host.ts";
import { judgeTarget, leadsUp } from "../http/judged-target.ts";
import { additionalNames } from "../identity/ak-proxy.ts";
import type { Identity } from "../identity.ts";
import type { ProxyProvider, Upstream } from "../provider.ts";
import type { InboundRequest } from "../request.ts";
import { type OverriddenUpstream, overriddenUpstream } from "./backend-override.ts";
import { type IdentityHeaders, identityHeaders, type OutpostFacts } from "./identity-headers.ts";

/** The whole request to an upstream: nothing is added to it later. */
export interface UpstreamRequest {
  readonly method: string;
  readonly upstream: Upstream; //                  the address to connect to
  readonly target: string; //                      origin-form, base path joined
  readonly headers: HeaderLines; //                with Host; no hop-by-hop, no framing
  readonly own: HeaderLines; //                    the identity headers at the end of `headers`: the same object for each request of a user
  readonly timeoutSeconds: number; //              to the first byte of the answer; 0: none
}

/** The request to send, or why the upstream of this user is refused: then nothing is sent (UPS-06). */
export type UpstreamPlan =
  | { readonly kind: "send"; readonly request: UpstreamRequest; readonly warnings: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/** What a plan needs besides the request: the identity (null: anonymous, on a public path), and the facts of the outpost. */
export interface UpstreamContext {
  readonly identity: Identity | null;
  readonly outpost: OutpostFacts;
  readonly timeoutSeconds: number;
}

/**
 * Builds the request for the upstream, always in this order: the end-to-end headers without akproxy's cookies, with Host replaced in place, then
 * X-Forwarded-*, and the identity headers last, so that no header of a client can remove or precede them (HDR-07; decisions 3, 14, 16, 37).
 * `request.headers` must have passed `acceptedHeaders`.
 */
export function planUpstreamRequest(
  request: InboundRequest,
  provider: ProxyProvider,
  context: UpstreamContext,
): UpstreamPlan {
  const { identity, outpost, timeoutSeconds } = context;
  const chosen = upstreamOf(request, provider, identity);
  if (chosen.kind === "refused")
    return { kind: "refused", reason: `provider "${provider.slug}": ak_proxy.${chosen.reason}` };
  const { upstream } = chosen;
  const host = upstreamHost(request, provider, identity, upstream);
  const known = identity === null ? noHeaders : identityHeaders(identity, provider, outpost);
  const headers = clientLines(request.headers, namesSet(provider, identity, known.lines), host.value);
  headers.push(["X-Forwarded-For", forwardedFor(request)]);
  headers.push(["X-Forwarded-Host", request.hostHeader]);
  headers.push(["X-Forwarded-Proto", request.scheme]);
  for (const line of known.lines) headers.push(line);
  return {
    kind: "send",
    request: {
      method: request.method,
      upstream,
      target: joinTarget(upstream, request.target),
      headers,
      own: known.lines,
      timeoutSeconds,
    },
    warnings: host.warnings.length === 0 ? known.warnings : [...host.warnings, ...known.warnings],
  };
}

const noHeaders: IdentityHeaders = { lines: [], warnings: [] };

/** The folded names of the headers that akproxy sets, made once for the lines of an identity, or for anonymous requests of a provider. */
function namesSet(provider: ProxyProvider, identity: Identity | null, lines: HeaderLines): ReadonlySet<string> {
  const key = identity === null ? provider : lines;
  const known = namesBefore.get(key);
  if (known !== undefined) return known;
  const facts = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
  const names = new Set([...facts, ...lines.map(([name]) => foldedName(name)), ...onlyOurs(provider, identity)]);
  namesBefore.set(key, names);
  return names;
}

const namesBefore = new WeakMap<object, ReadonlySet<string>>();

/** internal_host, or the upstream that ak_proxy names for this user; never one in place of the other (UPS-06). */
function upstreamOf(request: InboundRequest, provider: ProxyProvider, identity: Identity | null): OverriddenUpstream {
  const override = identity?.proxy.backendOverride ?? null;
  if (override === null) return { kind: "upstream", upstream: provider.upstream };
  const chosen = overriddenUpstream(override, provider.upstream, provider.overrideHosts);
  if (chosen.kind === "upstream" && chosen.upstream.basePath !== "" && leadsUp(request.target)) {
    return { kind: "refused", reason: "backend_override has a base path, which the requested path may leave" };
  }
  return chosen;
}

/**
 * Names that a client may not send, even where akproxy sends none: the config's additionalHeaders (HDR-06), and Authorization where a Basic
 * credential is injected (M2M-15).
 */
function onlyOurs(provider: ProxyProvider, identity: Identity | null): readonly string[] {
  const names = additionalNames(provider.akProxy).map(foldedName);
  return identity !== null && provider.basicAuth !== null ? [...names, "authorization"] : names;
}

/**
 * The forwarded lines of the client: the end-to-end ones, without akproxy's cookies and the names in `setNames`. Host is at the place of the
 * client's, or else first, as RFC 9110 7.2 asks for.
 */
function clientLines(lines: HeaderLines, setNames: ReadonlySet<string>, host: string): HeaderLine[] {
  const kept: HeaderLine[] = [];
  let hasHost = false;
  for (const line of withoutCookies(endToEnd(lines), isOurCookieName)) {
    const [name] = line;
    if (setNames.has(foldedName(name))) continue;
    if (!isNamed(name, "host")) kept.push(line);
    else if (!hasHost) {
      hasHost = true;
      kept.push([name, host]);
    }
  }
  if (!hasHost) kept.unshift(["Host", host]);
  return kept;
}

/** The target with the upstream's base path before its path and base query before its query; the rest as received (decision 3). */
export function joinTarget(upstream: Upstream, target: string): string {
  if (upstream.basePath === "" && upstream.baseQuery === "") return target;
  const { path, query } = judgeTarget(target);
  const joined = [upstream.baseQuery, query ?? ""].filter((part) => part !== "").join("&");
  return `${upstream.basePath}${path}${joined === "" ? "" : `?${joined}`}`;
}

/**
 * differs from authentik: a host_header claim that is not a host is ignored with a warning, so that it cannot split the message (UPS-05).
 */
function upstreamHost(
  request: InboundRequest,
  provider: ProxyProvider,
  identity: Identity | null,
  upstream: Upstream,
): { readonly value: string; readonly warnings: readonly string[] } {
  const wanted = identity?.proxy.hostHeader ?? provider.hostHeader;
  if (wanted === null) return { value: request.hostHeader, warnings: [] };
  if (wanted === "{internal_host}") return { value: upstream.hostAndPort, warnings: [] };
  if (parseHost(wanted) !== null) return { value: wanted, warnings: [] };
  return { value: request.hostHeader, warnings: ["ak_proxy.host_header is not a host: the client's Host is sent"] };
}

/** The hops that a trusted peer reports, then the peer itself (those of another peer are dropped: decision 37). */
function forwardedFor(request: InboundRequest): string {
  const { headers, peerAddress } = request;
  const values = allValues(headers, "x-forwarded-for");
  if (values.length === 0) return peerAddress;
  const hops = values.map((value) => value.trim());
  return [...hops, peerAddress].filter((hop) => hop !== "").join(", ");
}
