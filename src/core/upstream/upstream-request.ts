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

/** The request an upstream gets, whole: nothing is added to it after this. */
export interface UpstreamRequest {
  readonly method: string;
  readonly upstream: Upstream; //                  where to connect to
  readonly target: string; //                      origin-form, base path joined
  readonly headers: HeaderLines; //                with Host; no hop-by-hop, no framing
  readonly own: HeaderLines; //                    the last of `headers`: what is said of the person, the same object with each of their requests
  readonly timeoutSeconds: number; //              to the first byte of the answer; 0: none
}

/** What is to be sent, or why this person's upstream cannot be used: then nothing is sent anywhere (UPS-06). */
export type UpstreamPlan =
  | { readonly kind: "send"; readonly request: UpstreamRequest; readonly warnings: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/** What a plan needs besides the request: who is asking (null on a public path), and the facts of this outpost. */
export interface UpstreamContext {
  readonly identity: Identity | null;
  readonly outpost: OutpostFacts;
  readonly timeoutSeconds: number;
}

/**
 * Builds the request for the upstream, always in this order: end-to-end headers only, without our cookies, Host replaced where it stands, then
 * X-Forwarded-*, then identity last, so that nothing a client sends can remove or precede what we say (HDR-07; decisions 3, 14, 16, 37).
 * `request.headers` must have passed `believableHeaders`.
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
  const known = identity === null ? nobody : identityHeaders(identity, provider, outpost);
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

const nobody: IdentityHeaders = { lines: [], warnings: [] };

/** The folded names that are ours to say, made once for the lines of an identity, or for nobody at a provider. */
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

/** internal_host, or where this person's ak_proxy leads; never the one in place of the other (UPS-06). */
function upstreamOf(request: InboundRequest, provider: ProxyProvider, identity: Identity | null): OverriddenUpstream {
  const override = identity?.proxy.backendOverride ?? null;
  if (override === null) return { kind: "upstream", upstream: provider.upstream };
  const chosen = overriddenUpstream(override, provider.upstream, provider.overrideHosts);
  if (chosen.kind === "upstream" && chosen.upstream.basePath !== "" && leadsUp(request.target)) {
    return { kind: "refused", reason: "backend_override has a base path, which the path asked for may lead out of" };
  }
  return chosen;
}

/**
 * Names that a client may not say in place of what is not sent: the config's additionalHeaders (HDR-06), and where a Basic credential is
 * injected, an Authorization of its own (M2M-15).
 */
function onlyOurs(provider: ProxyProvider, identity: Identity | null): readonly string[] {
  const names = additionalNames(provider.akProxy).map(foldedName);
  return identity !== null && provider.basicAuth !== null ? [...names, "authorization"] : names;
}

/**
 * What goes on of the client's lines: those that end at the application, without our cookies and the names that are ours to say. Host stands
 * where the client's stood, or else first: RFC 9110 7.2 asks for that, and a client's order is its own.
 */
function clientLines(lines: HeaderLines, ours: ReadonlySet<string>, host: string): HeaderLine[] {
  const kept: HeaderLine[] = [];
  let hasHost = false;
  for (const line of withoutCookies(endToEnd(lines), isOurCookieName)) {
    const [name] = line;
    if (ours.has(foldedName(name))) continue;
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
 * differs from authentik: a host_header claim that is no host is ignored with a warning, so that it can't split the message (UPS-05).
 */
function upstreamHost(
  request: InboundRequest,
  provider: ProxyProvider,
  identity: Identity | null,
  upstream: Upstream,
): { readonly value: string; readonly warnings: readonly string[] } {
  const asked = identity?.proxy.hostHeader ?? provider.hostHeader;
  if (asked === null) return { value: request.hostHeader, warnings: [] };
  if (asked === "{internal_host}") return { value: upstream.hostAndPort, warnings: [] };
  if (parseHost(asked) !== null) return { value: asked, warnings: [] };
  return { value: request.hostHeader, warnings: ["ak_proxy.host_header is no host: the client's Host is sent"] };
}

/** The hops a trusted peer reported, then the peer itself (an untrusted peer's were dropped: decision 37). */
function forwardedFor(request: InboundRequest): string {
  const { headers, peerAddress } = request;
  const values = allValues(headers, "x-forwarded-for");
  if (values.length === 0) return peerAddress;
  const hops = values.map((value) => value.trim());
  return [...hops, peerAddress].filter((hop) => hop !== "").join(", ");
}
