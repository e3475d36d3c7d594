import { isOurCookieName, setCookieName } from "../core/cookie.ts";
import { type Decision, decide } from "../core/decide.ts";
import { Failure } from "../core/failure.ts";
import { firstValue, type HeaderLines } from "../core/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import { isNavigation, isWebSocketUpgrade } from "../core/navigation.ts";
import type { ProxyProvider } from "../core/provider.ts";
import { planUpstreamRequest, type UpstreamRequest } from "../core/upstream-request.ts";
import { type Answer, redirect, type Verdict } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { askedUrl, type Exchange } from "./exchange.ts";
import { startUrl } from "./login.ts";
import { deniedPage, unauthorized } from "./refusals.ts";
import { sessionOf, visitorOf } from "./visitor.ts";
import { proxyWebSocket } from "./web-socket.ts";

/** A request for the application of a proxy provider: decided, then answered or passed on. Throws Failure store_* and upstream_*. */
export async function proxy(deps: Deps, exchange: Exchange, provider: ProxyProvider): Promise<Answer> {
  const { request, target } = exchange;
  const session = await sessionOf(deps, exchange);
  const judged = {
    method: request.method,
    scheme: request.scheme,
    host: request.host,
    target,
    isNavigation: isNavigation(request.method, request.headers),
    hasAuthorization: (firstValue(request.headers, "authorization") ?? "").trim() !== "",
  };
  return await carryOut(deps, exchange, provider, decide(judged, provider, visitorOf(session)));
}

async function carryOut(deps: Deps, exchange: Exchange, provider: ProxyProvider, decision: Decision): Promise<Answer> {
  switch (decision.kind) {
    case "allow":
      return await passOn(deps, exchange, provider, decision.identity);
    case "allow_public":
      return await passOn(deps, exchange, provider, null);
    case "denied":
      return deniedPage(deps, exchange, decision.identity);
    case "login":
      return redirect(startUrl(provider, askedUrl(exchange)), "login");
    case "unauthorized":
      return unauthorized(deps, exchange);
  }
}

/** Sends the request to the upstream as `identity`, or as nobody on a public path. */
async function passOn(
  deps: Deps,
  exchange: Exchange,
  provider: ProxyProvider,
  identity: Identity | null,
): Promise<Answer> {
  const verdict: Verdict = identity === null ? "public" : "allowed";
  refuseDroppedBody(exchange);
  const request = upstreamRequest(deps, exchange, provider, identity);
  // only a GET can become a WebSocket (RFC 6455 4.1): another method would reach the upstream as a GET
  if (exchange.request.method === "GET" && isWebSocketUpgrade(exchange.request.headers)) {
    return await proxyWebSocket(deps, exchange, { request, identity, verdict });
  }
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  exchange.connection.mayTakeLong(ended);
  const answer = await deps.upstream.send(request, exchange.body, exchange.gone).finally(resolve);
  exchange.connection.mayTakeLong(answer.ended);
  const user = identity?.username ?? null;
  return {
    status: answer.status,
    headers: forClient(answer.headers),
    body: answer.body,
    verdict,
    user,
    upgraded: false,
  };
}

/** Bun's server drops the body of a GET or HEAD; one whose length is known is refused by the upstream client, a chunked one here. */
function refuseDroppedBody({ request }: Exchange): void {
  const isBodyless = request.method === "GET" || request.method === "HEAD";
  if (isBodyless && firstValue(request.headers, "transfer-encoding") !== null) {
    throw new Failure("upstream_not_carried", `upstream: a ${request.method} request with a body can't be sent on`);
  }
}

function upstreamRequest(
  deps: Deps,
  exchange: Exchange,
  provider: ProxyProvider,
  identity: Identity | null,
): UpstreamRequest {
  const plan = planUpstreamRequest(exchange.request, provider, {
    identity,
    outpost: { outpostName: deps.outpostName, version: deps.version, jwksUri: deps.idpOf(provider).jwksUri() },
    timeoutSeconds: deps.limits.upstreamResponseHeaderSeconds,
  });
  if (plan.kind === "refused") throw new Failure("upstream_refused", plan.reason);
  for (const warning of plan.warnings) {
    deps.warnOnce(provider.slug, identity?.username ?? "", warning, exchange.request.id);
  }
  return plan.request;
}

/** The upstream's headers without what only we may say to the browser: our cookies and the identity headers (HDR-15; decision 16). */
function forClient(headers: HeaderLines): HeaderLines {
  return headers.filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (lower === "set-cookie") return !isOurCookieName(setCookieName(value));
    return !lower.startsWith("x-authentik-");
  });
}
