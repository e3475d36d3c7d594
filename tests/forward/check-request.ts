import type { Dialect } from "../../src/core/forward-auth/dialects.ts";
import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";

export type DialectName = Dialect["name"];

/** The request that a browser made of a reverse proxy. */
export interface BrowserRequest {
  readonly method: string;
  readonly url: string; //                         absolute, written as it is told: not normalised
  readonly headers: HeaderLines; //                without Host
}

/** The request by which that reverse proxy asks akproxy for a verdict. */
export interface CheckRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderLines; //                with Host
}

const verdictPath = (name: DialectName) => `/outpost.goauthentik.io/auth/${name}`;

/**
 * What each reverse proxy sends, by its own documentation: nginx's auth_request (a GET, X-Original-URL by proxy_set_header), Traefik's
 * ForwardAuth and Caddy's forward_auth (a GET, X-Forwarded-*), Envoy's ext_authz over HTTP (the method, Host and path themselves).
 */
export function checkRequest(dialect: DialectName, request: BrowserRequest): CheckRequest {
  const parts = /^(https?):\/\/([^/?#]*)(.*)$/.exec(request.url);
  const [, scheme = "", host = "", target = ""] = parts ?? [];
  const told: Record<DialectName, CheckRequest> = {
    nginx: {
      method: "GET",
      target: verdictPath("nginx"),
      headers: [
        ["Host", hostOnly(host)],
        ["X-Original-URL", request.url],
        ["X-Original-Method", request.method],
      ],
    },
    traefik: forwarded("traefik"),
    caddy: forwarded("caddy"),
    forward: forwarded("forward"),
    envoy: {
      method: request.method,
      target: `${verdictPath("envoy")}${target}`,
      headers: [
        ["Host", host],
        ["X-Forwarded-Proto", scheme],
      ],
    },
  };
  return { ...told[dialect], headers: [...told[dialect].headers, ...request.headers] };

  function forwarded(name: DialectName): CheckRequest {
    const headers: HeaderLine[] = [
      ["Host", "akproxy.internal:9000"],
      ["X-Forwarded-Method", request.method],
      ["X-Forwarded-Proto", scheme],
      ["X-Forwarded-Host", host],
      ["X-Forwarded-Uri", target],
      ["X-Forwarded-For", "203.0.113.9"],
    ];
    return { method: "GET", target: verdictPath(name), headers };
  }
}

/** nginx's $host: lower case, without port (and nothing that is no host gets that far). */
function hostOnly(host: string): string {
  return /^[A-Za-z0-9.-]+(?::\d+)?$/.test(host) ? host.toLowerCase().replace(/:\d+$/, "") : "akproxy.internal";
}

/** `headers` with those of `instead` in their place; an empty value leaves the header out. */
export function withInstead(headers: HeaderLines, instead: Readonly<Record<string, string>>): HeaderLines {
  const replaced = Object.keys(instead).map((name) => name.toLowerCase());
  const kept = headers.filter(([name]) => !replaced.includes(name.toLowerCase()));
  return [...kept, ...Object.entries(instead).filter(([, value]) => value !== "")];
}
