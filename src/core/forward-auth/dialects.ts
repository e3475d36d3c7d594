import { outpostPrefix } from "../decide/endpoint.ts";
import type { HeaderLines } from "../http/header-lines.ts";
import { fromCheckRequest, fromForwarded, fromOriginalUrl, type OriginalUrl } from "./original-url.ts";

/** A verdict request as akproxy received it. `headers` include the spoofable ones: a trusted peer sent them. */
export interface VerdictRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly target: string;
  readonly headers: HeaderLines;
}

/** How one reverse proxy asks for a verdict, and which answers it understands. Everything else is the same for all of them. */
export interface Dialect {
  readonly name: "nginx" | "traefik" | "caddy" | "envoy" | "forward";
  readonly path: string;
  readonly match: "exact" | "prefix"; //           prefix: envoy appends the application's path
  readonly onLogin: "redirect" | "unauthorized"; // nginx's auth_request can pass on a 401 and no redirect
  readonly statuses: "any" | "200_401_403"; //     those the reverse proxy understands; auth_request makes a 500 of others (FWD-15)
  readonly carriesOwnEndpoints: boolean; //        the callback and the logout flag may arrive inside the original URL
  /** The verdict's Cookie replaces the client's, where the reverse proxy has no other way to remove akproxy's cookies (decision 16). */
  readonly returnsCookie: boolean;
  readonly originalUrl: (request: VerdictRequest) => OriginalUrl;
  readonly methodHeader: string | null; //         names the original method; null: the verdict request has that method itself
  readonly snippet: string; //                     the target of `akproxy snippet` that shows its config
}

/** The path of a dialect's endpoint. */
export function verdictPath(name: Dialect["name"]): string {
  return `${verdictPrefix}${name}`;
}

/** All endpoints for verdicts are below this path. */
export const verdictPrefix = `${outpostPrefix}/auth/`;

const envoyPath = verdictPath("envoy");

const forwarded = {
  match: "exact",
  onLogin: "redirect",
  statuses: "any",
  carriesOwnEndpoints: true,
  returnsCookie: false,
  originalUrl: (request: VerdictRequest) => fromForwarded(request.headers),
  methodHeader: "X-Forwarded-Method",
} as const;

/** The dialects, one row each (authentik: nginx, traefik, caddy, envoy; `forward` is ours, for HAProxy, Apache and others). */
export const dialects: readonly Dialect[] = [
  {
    name: "nginx",
    path: verdictPath("nginx"),
    match: "exact",
    onLogin: "unauthorized",
    statuses: "200_401_403",
    carriesOwnEndpoints: false,
    returnsCookie: false,
    originalUrl: (request) => fromOriginalUrl(request.headers, request.scheme),
    methodHeader: "X-Original-Method",
    snippet: "nginx",
  },
  { ...forwarded, name: "traefik", path: verdictPath("traefik"), returnsCookie: true, snippet: "traefik" },
  { ...forwarded, name: "caddy", path: verdictPath("caddy"), snippet: "caddy" },
  { ...forwarded, name: "forward", path: verdictPath("forward"), snippet: "haproxy" },
  {
    ...forwarded,
    name: "envoy",
    path: envoyPath,
    match: "prefix",
    originalUrl: (request) => fromCheckRequest(request, envoyPath),
    methodHeader: null,
    snippet: "envoy",
  },
];

/** The dialect whose endpoint a path is; null when it is not one. A prefix matches at a segment boundary only (PATH-16). */
export function dialectOf(path: string): Dialect | null {
  return (
    dialects.find((dialect) =>
      dialect.match === "exact" ? path === dialect.path : path === dialect.path || path.startsWith(`${dialect.path}/`),
    ) ?? null
  );
}
