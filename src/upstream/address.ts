import { Failure } from "../core/failure.ts";
import type { Upstream } from "../core/provider.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";

/** TLS to an upstream as Bun's `fetch` and `WebSocket` take it; the certificate must name `serverName`, else the URL's host. */
export interface UpstreamTls {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly serverName?: string;
}

/** TLS options of `upstream`. Its identity never follows the Host header (UPS-12). */
export function upstreamTls(upstream: Upstream): UpstreamTls {
  return {
    rejectUnauthorized: upstream.verifyTls,
    ...(upstream.caPem === null ? {} : { ca: upstream.caPem }),
    ...(upstream.serverName === null ? {} : { serverName: upstream.serverName }),
  };
}

/** Names an upstream in a message: its socket, or scheme and host; never a target, which may hold a secret. */
export function upstreamName(upstream: Upstream): string {
  if (upstream.unixPath !== null) return `unix:${upstream.unixPath}`;
  return `${upstream.scheme}://${upstream.hostAndPort}`;
}

/**
 * The URL that makes Bun put `request.target` on the wire exactly. Throws `Failure("upstream_not_carried")` for a target that it
 * would rewrite: what was judged must be what is sent (decision 12).
 */
export function upstreamUrl(request: UpstreamRequest, scheme: "http" | "https" | "ws" | "wss"): string {
  const { upstream, target } = request;
  const origin = `${scheme}://${upstream.unixPath === null ? upstream.hostAndPort : "localhost"}`;
  const parsed = URL.parse(origin + target);
  if (parsed === null)
    throw new Failure("upstream_unreachable", `upstream: "${upstreamName(upstream)}" is no valid URL`);
  const kept = parsed.href.slice(parsed.origin.length);
  // Bun writes `//x` to the wire as `/x`, though the URL keeps it, and drops a fragment
  if (kept !== target || target.startsWith("//") || target.includes("#")) {
    throw new Failure("upstream_not_carried", "upstream: the request target would be rewritten on its way");
  }
  return parsed.href;
}
