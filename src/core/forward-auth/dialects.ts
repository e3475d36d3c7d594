import { outpostPrefix } from "../decide/endpoint.ts";
import type { HeaderLines } from "../http/header-lines.ts";
import { fromCheckRequest, fromForwarded, fromOriginalUrl, type OriginalUrl } from "./original-url.ts";

/** A verdict request as it reached us. `headers` are those received, spoofable ones included: a trusted peer sent them. */
export interface VerdictRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly target: string;
  readonly headers: HeaderLines;
}

/** How one reverse proxy asks for a verdict and what it can do with the answer. Everything else is the same for all. */
export interface Dialect {
  readonly name: "nginx" | "traefik" | "caddy" | "envoy" | "forward";
  readonly path: string;
  readonly match: "exact" | "prefix"; //           envoy appends the application's path
  readonly onLogin: "redirect" | "unauthorized"; // nginx's auth_request can pass on a 401 and no redirect
  readonly statuses: "any" | "200_401_403"; //     what auth_request understands; another one is a 500 of nginx's own (FWD-15)
  readonly carriesOwnEndpoints: boolean; //        the callback and the logout flag may arrive inside the original URL
  /** The verdict's Cookie takes the place of the client's: the way to take ours out, where the reverse proxy has no other (decision 16). */
  readonly returnsCookie: boolean;
  readonly originalUrl: (request: VerdictRequest) => OriginalUrl;
}

const verdictPath = (name: string) => `${outpostPrefix}/auth/${name}`;
const envoyPath = verdictPath("envoy");

const redirecting = {
  match: "exact",
  onLogin: "redirect",
  statuses: "any",
  carriesOwnEndpoints: true,
  returnsCookie: false,
  originalUrl: (request: VerdictRequest) => fromForwarded(request.headers),
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
  },
  { ...redirecting, name: "traefik", path: verdictPath("traefik"), returnsCookie: true },
  { name: "caddy", path: verdictPath("caddy"), ...redirecting },
  { name: "forward", path: verdictPath("forward"), ...redirecting },
  {
    ...redirecting,
    name: "envoy",
    path: envoyPath,
    match: "prefix",
    originalUrl: (request) => fromCheckRequest(request, envoyPath),
  },
];

/** The dialect whose endpoint a path is; null when it is none. Envoy's matches at a segment boundary only (PATH-16). */
export function dialectOf(path: string): Dialect | null {
  return (
    dialects.find((dialect) =>
      dialect.match === "exact" ? path === dialect.path : path === dialect.path || path.startsWith(`${dialect.path}/`),
    ) ?? null
  );
}
