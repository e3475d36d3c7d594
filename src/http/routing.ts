import { callbackPath, flagOf, signOutPath } from "../core/decide/endpoint.ts";
import { dialectOf } from "../core/forward-auth/dialects.ts";
import type { Soon } from "../core/soon.ts";
import type { Deps } from "./deps.ts";
import type { Arrival, Outcome } from "./exchange.ts";
import { startedHere } from "./login/callback.ts";

/** A request as the router and its route get it. */
export type Routed = {
  readonly method: "ALL"; //                       the same for each request; a route reads the real method itself
  readonly path: string;
  readonly deps: Deps;
  readonly arrival: Arrival;
  readonly router: Router; //                      for a check: the request inside takes the same map
};

/** The app of routes.ts as a function: gives a request to its route and returns the outcome. */
export type Router = (routed: Routed) => Soon<Outcome>;

/** Makes of `arrival` what the router gets. */
export function routed(router: Router, deps: Deps, arrival: Arrival): Routed {
  return { method: "ALL", path: routedPath(deps, arrival), deps, arrival, router };
}

/** A path that is always the application's. */
const applicationPath = "/";

/**
 * The path that decides the route: the judged one, unless a flag in the query names an endpoint (decision 5). A callback flag counts only
 * with a login that this browser started; otherwise the request is the application's. An nginx passes no endpoint on inside a check.
 */
function routedPath(deps: Deps, arrival: Arrival): string {
  const { target, provider, dialect } = arrival;
  const flag = flagOf(target);
  if (flag === "none" || provider === null) return target.path;
  if (isCheck(arrival) && dialectOf(target.path) !== null) return target.path;
  if (flag === "callback" && !startedHere(deps, arrival)) return applicationPath;
  if (dialect !== null && !dialect.carriesOwnEndpoints) return target.path;
  return flag === "callback" ? callbackPath : signOutPath;
}

/**
 * Does a request for a dialect's path ask for a verdict? On the host of an application that akproxy proxies the path is the application's
 * (authentik: the same), unless a trusted peer sent it: such a peer may pass on a client's X-Forwarded-Host, and would take an upstream's
 * 200 for a verdict. A request inside a check is never a check itself.
 */
export function isCheck({ provider, request, dialect }: Arrival): boolean {
  return dialect === null && (provider?.mode !== "proxy" || request.peerIsTrusted);
}
