import { firstValue, type HeaderLine, type HeaderLines, isNamed, soleValue } from "../http/header-lines.ts";
import { hostKeyOf } from "../http/host.ts";
import { longestTarget } from "../http/judged-target.ts";

/** The request of the browser, as the verdict request describes it. */
export interface OriginalRequest {
  readonly method: string; //                      "": not given
  readonly scheme: "http" | "https";
  readonly host: string; //                        as InboundRequest.host
  readonly hostHeader: string; //                  as the verdict request gives it
  readonly target: string; //                      origin-form, as the verdict request gives it
}

/** The original request, or why it is unknown: the reverse proxy is misconfigured, or a client attacks (decision 25). */
export type OriginalUrl =
  | { readonly kind: "known"; readonly original: OriginalRequest }
  | { readonly kind: "missing"; readonly headers: readonly string[] }
  | { readonly kind: "malformed"; readonly header: string };

/** From X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Uri (Traefik, Caddy and others that send these). */
export function fromForwarded(headers: HeaderLines): OriginalUrl {
  const names = ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"] as const;
  const [proto, hostHeader, target] = names.map((name) => soleValue(headers, name));
  if (!proto || !hostHeader || !target) return missingOrTwice(headers, names);
  const scheme = schemeOf(proto);
  if (scheme === null) return { kind: "malformed", header: "X-Forwarded-Proto" };
  const method = methodOf(headers, "X-Forwarded-Method");
  if (method === null) return { kind: "malformed", header: "X-Forwarded-Method" };
  return knownOriginal("X-Forwarded-Host", "X-Forwarded-Uri", { method, scheme, hostHeader, target });
}

/** One of `names` is missing, or is there twice. */
function missingOrTwice(headers: HeaderLines, names: readonly string[]): OriginalUrl {
  const missing = names.filter((name) => (firstValue(headers, name) ?? "") === "");
  if (missing.length > 0) return { kind: "missing", headers: missing };
  return { kind: "malformed", header: names.find((name) => soleValue(headers, name) === null) ?? "" };
}

/**
 * From X-Original-URL, an absolute URL (nginx). X-Original-URI, a path, counts with X-Forwarded-Proto and -Host or the request's own Host.
 * If the two differ, the request is refused: an nginx that sets only one of them forwards the client's other.
 * differs from authentik: a query in X-Original-URI is a query, not a part of the path, so path patterns never see it (decision 13).
 */
export function fromOriginalUrl(headers: HeaderLines, scheme: "http" | "https"): OriginalUrl {
  const url = soleValue(headers, "X-Original-URL");
  if (url === null) return { kind: "malformed", header: "X-Original-URL" };
  const method = methodOf(headers, "X-Original-Method");
  if (method === null) return { kind: "malformed", header: "X-Original-Method" };
  if (url === "") return fromOriginalUri(headers, scheme, method);
  const absolute = fromAbsolute(url, method);
  if (absolute.kind !== "known") return absolute;
  const agrees = ([name, uri]: HeaderLine) => !isNamed(name, "X-Original-URI") || uri === absolute.original.target;
  return headers.every(agrees) ? absolute : { kind: "malformed", header: "X-Original-URI" };
}

function fromAbsolute(url: string, method: string): OriginalUrl {
  const colon = url.indexOf(":");
  const scheme = url.startsWith("://", colon) ? schemeOf(url.slice(0, colon)) : null;
  if (scheme === null) return { kind: "malformed", header: "X-Original-URL" };
  const hostStart = colon + 3;
  const hostEnd = endOfAuthority(url, hostStart);
  const rest = url.slice(hostEnd);
  const target = rest.startsWith("/") ? rest : `/${rest}`;
  return knownOriginal("X-Original-URL", "X-Original-URL", {
    method,
    scheme,
    hostHeader: url.slice(hostStart, hostEnd),
    target,
  });
}

/** Where the first `/`, `?` or `#` at or after `at` stands, or the end (RFC 3986 3.2). */
function endOfAuthority(url: string, at: number): number {
  let end = at;
  while (end < url.length && !"/?#".includes(url.charAt(end))) end += 1;
  return end;
}

function fromOriginalUri(headers: HeaderLines, ownScheme: "http" | "https", method: string): OriginalUrl {
  const target = soleValue(headers, "X-Original-URI");
  if (target === null) return { kind: "malformed", header: "X-Original-URI" };
  if (target === "") return { kind: "missing", headers: ["X-Original-URL"] };
  const proto = firstValue(headers, "X-Forwarded-Proto") ?? "";
  const scheme = proto === "" ? ownScheme : schemeOf(proto);
  if (scheme === null) return { kind: "malformed", header: "X-Forwarded-Proto" };
  const hostHeader = firstValue(headers, "X-Forwarded-Host") ?? firstValue(headers, "Host") ?? "";
  return knownOriginal("X-Forwarded-Host", "X-Original-URI", { method, scheme, hostHeader, target });
}

/**
 * From the check request of Envoy's ext_authz: the original method and Host, and the original path after akproxy's prefix. Envoy does not
 * remove a client's X-Forwarded-Host, so that header is ignored here.
 * differs from authentik: the scheme is X-Forwarded-Proto's or https, so that patterns with a scheme match (decision 13).
 */
export function fromCheckRequest(
  request: { readonly method: string; readonly target: string; readonly headers: HeaderLines },
  prefix: string,
): OriginalUrl {
  const proto = firstValue(request.headers, "X-Forwarded-Proto");
  const scheme = proto === null || proto === "" ? "https" : schemeOf(proto);
  if (scheme === null) return { kind: "malformed", header: "X-Forwarded-Proto" };
  const rest = request.target.slice(prefix.length);
  const target = rest.startsWith("/") ? rest : `/${rest}`;
  const hostHeader = firstValue(request.headers, "Host") ?? "";
  return knownOriginal("Host", "path", { method: request.method, scheme, hostHeader, target });
}

function knownOriginal(hostName: string, targetName: string, original: Omit<OriginalRequest, "host">): OriginalUrl {
  const { method, scheme, hostHeader, target } = original;
  const host = hostKeyOf(hostHeader, scheme);
  if (host === null) return { kind: "malformed", header: hostName };
  if (!isTarget(target)) return { kind: "malformed", header: targetName };
  return { kind: "known", original: { method, scheme, host, hostHeader, target } };
}

/** Visible ASCII and bytes above it, from a slash on, without a fragment (decision 26). */
function isTarget(target: string): boolean {
  return target.length <= longestTarget && /^\/[\u0021-\u0022\u0024-\u007e\u0080-\u00ff]*$/.test(target);
}

function schemeOf(text: string): "http" | "https" | null {
  if (text === "https" || text === "http") return text;
  switch (text.toLowerCase()) {
    case "http":
    case "ws":
      return "http";
    case "https":
    case "wss":
      return "https";
    default:
      return null;
  }
}

/** "": the reverse proxy does not send it. Null: it is not a method (RFC 9110 9.1); as a method, it would bypass the rules about methods. */
function methodOf(headers: HeaderLines, name: string): string | null {
  const method = soleValue(headers, name);
  if (method === "") return "";
  return method !== null && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method) ? method : null;
}
