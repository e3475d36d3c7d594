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
import type { InboundRequest } from "../core/request.ts";
import { rescued, type Soon, whenKnown } from "../core/soon.ts";
import { type Answer, empty, inDialect, pageAnswer } from "./answer.ts";
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
import { failureAnswer, unknownHostPage } from "./refusals.ts";
import { isCheck, type Routed, type Router } from "./routing.ts";
import { allowed, verdict } from "./verdict.ts";

/** The URL map of the outpost, in every mode. A request inside a forward-auth check goes through it too. */
export function outpostApp(server: ElysiaAdapter): AnyElysia {
  const app = new Elysia({ adapter: server, strictPath: true })
    // as: only for the types; the context of a route is the request that the router got
    .decorate({} as Routed)
    .all(startPath, own(startEndpoint))
    .all(callbackPath, own(finishLogin))
    .all(signOutPath, own(signOut))
    .all(frontchannelLogoutPath, own(frontchannelLogout))
    .all(backchannelLogoutPath, own(backchannelLogout))
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
 * A row for one of akproxy's own endpoints. Elysia reads the source of a handler to find out whether it is asynchronous, and takes every
 * call in it for one that is. A bound function has no source to read, so Elysia returns an outcome at once instead of a promise of it.
 */
function own(endpoint: Endpoint): Route {
  return servedAsOwn.bind(null, endpoint);
}

function checkOf(dialect: Dialect): Route {
  return checkOrApplication.bind(null, dialect);
}

function checkOrApplication(dialect: Dialect, routed: Routed): Soon<Outcome> {
  return isCheck(routed.arrival) ? check(dialect, routed) : served(application, routed);
}

/** A handler of requests whose provider is known. May throw Failure, now or later. */
type Endpoint = (deps: Deps, exchange: Exchange) => Soon<Outcome["result"]>;

/** Gives the request to `endpoint`. A failure becomes its page, never a 2xx. */
function served(endpoint: Endpoint, { deps, arrival }: Routed): Soon<Outcome> {
  const { request, dialect, provider } = arrival;
  if (arrival.provider === null) return { result: noProvider(deps, request), request, provider };
  const exchange = arrival;
  const result = rescued<Outcome["result"]>(
    () => endpoint(deps, exchange),
    (error) => failureAnswer(deps, exchange, error),
  );
  return whenKnown(result, (made) => ({
    result: dialect === null || made.kind !== "answer" ? made : inDialect(dialect, made),
    request,
    provider,
  }));
}

function noProvider(deps: Deps, request: InboundRequest): Answer {
  const { id, host, hostSource, peerAddress, peerIsTrusted } = request;
  const sender = { peer: peerAddress, peer_is_trusted: peerIsTrusted };
  deps.log.warn("no app for hostname", { request_id: id, host, host_source: hostSource, ...sender });
  return unknownHostPage(deps, request);
}

/**
 * The same for one of akproxy's own endpoints. Inside a check, a reverse proxy that cannot pass the endpoint's answer on lets the browser
 * through to the endpoint itself. The others pass the answer on; there a 2xx would let the request in.
 */
function servedAsOwn(endpoint: Endpoint, routed: Routed): Soon<Outcome> {
  const { dialect } = routed.arrival;
  if (dialect === null) return served(endpoint, routed);
  return served(dialect.carriesOwnEndpoints ? withoutSuccess(endpoint) : letThrough, routed);
}

function letThrough(deps: Deps, exchange: Exchange): Answer {
  return allowed(deps, exchange, null);
}

function withoutSuccess(endpoint: Endpoint): Endpoint {
  return (deps, exchange) =>
    whenKnown(endpoint(deps, exchange), (made) =>
      made.kind === "answer" && made.status >= 200 && made.status < 300 ? { ...made, status: 403 } : made,
    );
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

/** Answers on every host. Inside a check it lets the request through, and the same route answers it then. */
function ping({ deps, arrival }: Routed): Outcome {
  const { request, provider } = arrival;
  const isInCheck = arrival.provider !== null && arrival.dialect !== null;
  return { result: isInCheck ? allowed(deps, arrival, null) : empty(204, "ping"), request, provider };
}
