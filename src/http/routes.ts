import { type AnyElysia, Elysia, type ElysiaAdapter } from "elysia";
import {
  backchannelLogoutPath,
  callbackPath,
  frontchannelLogoutPath,
  pingPath,
  signOutPath,
  startPath,
} from "../core/decide/endpoint.ts";
import { type Dialect, dialects } from "../core/forward-auth/dialects.ts";
import type { Soon } from "../core/soon.ts";
import { allowed } from "./allowed.ts";
import { type Answer, empty, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, type Forward, type Outcome, pageRequest } from "./exchange.ts";
import { check } from "./forward-auth.ts";
import { backchannelLogout } from "./login/backchannel.ts";
import { finishLogin } from "./login/callback.ts";
import { frontchannelLogout } from "./login/frontchannel.ts";
import { startEndpoint } from "./login/login.ts";
import { signOut } from "./login/logout.ts";
import { notFound } from "./pages/not-found-pages.ts";
import { proxy } from "./proxy.ts";
import { isCheck, type Routed, type Router } from "./routing.ts";
import { type Endpoint, served, servedByUs } from "./served.ts";
import { verdict } from "./verdict.ts";

/** The URL map of the outpost, in every mode. A request inside a forward-auth check goes through it too. */
export function outpostApp(server: ElysiaAdapter): AnyElysia {
  const app = new Elysia({ adapter: server, strictPath: true })
    // as: for the types alone; a route's context is the request that the router was asked with
    .decorate({} as Routed)
    .all(startPath, ours(startEndpoint))
    .all(callbackPath, ours(finishLogin))
    .all(signOutPath, ours(signOut))
    .all(frontchannelLogoutPath, ours(frontchannelLogout))
    .all(backchannelLogoutPath, ours(backchannelLogout))
    .all(pingPath, ping.bind(null));
  for (const dialect of dialects) {
    app.all(dialect.path, checkOf(dialect));
    if (dialect.match === "prefix") app.all(`${dialect.path}/*`, checkOf(dialect));
  }
  return app.all("/*", served.bind(null, application));
}

/** An outpost's app as its router. */
export function routerOf(fetch: AnyElysia["fetch"]): Router {
  // as: every route of the map takes a Routed and returns a Soon<Outcome>, and the adapter passes both on untouched
  return fetch as unknown as Router;
}

/** A handler of the map. */
type Route = (routed: Routed) => Soon<Outcome>;

/**
 * Elysia reads the source of a handler to find out whether it waits, and takes every call for a wait. A bound function shows it no source:
 * then an outcome that is at hand comes back at once, and only a promise is waited for.
 */
function ours(endpoint: Endpoint): Route {
  return servedByUs.bind(null, endpoint);
}

function checkOf(dialect: Dialect): Route {
  return checkOrApplication.bind(null, dialect);
}

function checkOrApplication(dialect: Dialect, routed: Routed): Soon<Outcome> {
  return isCheck(routed.arrival) ? check(dialect, routed) : served(application, routed);
}

/**
 * A request for the application, in every mode: inside a check it gets a verdict, in proxy mode it is forwarded to the upstream. Hosts of
 * a forward-auth provider have no upstream, so a request that comes to akproxy itself there is not found.
 */
function application(deps: Deps, exchange: Exchange): Soon<Answer | Forward> {
  const { provider, request, dialect } = exchange;
  if (dialect !== null) return verdict(deps, exchange, dialect);
  if (provider.mode === "proxy") return proxy(deps, exchange, provider);
  return pageAnswer(notFound(pageRequest(request, deps.now())), request, "refused");
}

/** Answered for every host, without a look at the request. Inside a check it lets the request through, to this same answer. */
function ping({ deps, arrival }: Routed): Outcome {
  const { request, provider } = arrival;
  const isInCheck = arrival.provider !== null && arrival.dialect !== null;
  return { result: isInCheck ? allowed(deps, arrival, null) : empty(204, "ping"), request, provider };
}
