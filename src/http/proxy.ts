import { remembered } from "../core/bounds/memory.ts";
import type { Decision } from "../core/decide/decide.ts";
import { requestedUrl, startUrl } from "../core/decide/return-to.ts";
import { Failure } from "../core/failure.ts";
import { foldedName } from "../core/http/client-headers.ts";
import { isOurCookieName, setCookieName } from "../core/http/cookie.ts";
import { firstValue, type HeaderLine, type HeaderLines, isNamed } from "../core/http/header-lines.ts";
import { isWebSocketUpgrade } from "../core/http/navigation.ts";
import type { Identity } from "../core/identity.ts";
import type { ProxyProvider } from "../core/provider.ts";
import type { Session } from "../core/session.ts";
import { type Soon, whenKnown } from "../core/soon.ts";
import { planUpstreamRequest, type UpstreamRequest } from "../core/upstream/upstream-request.ts";
import { type Answer, redirect } from "./answer.ts";
import { decided } from "./decision.ts";
import type { Deps } from "./deps.ts";
import type { Exchange, Forward } from "./exchange.ts";
import { outpostFactsOf } from "./outpost-facts.ts";
import { deniedPage, foreignOrigin, tooMany, unauthorizedBy } from "./refusals.ts";
import { personKey } from "./visitor/visitor.ts";

/** Decides a request for the application of a proxy provider, then answers or forwards it. Throws Failure store_* and upstream_refused. */
export function proxy(deps: Deps, exchange: Exchange, provider: ProxyProvider): Soon<Answer | Forward> {
  return whenKnown(decided(deps, exchange), (found) => {
    if (found.kind === "limited") return tooMany(deps, exchange, found.waitSeconds);
    return carryOut(deps, found.exchange, provider, found.decision, found.session);
  });
}

function carryOut(
  deps: Deps,
  exchange: Exchange,
  provider: ProxyProvider,
  decision: Decision,
  session: Session | null,
): Answer | Forward {
  switch (decision.kind) {
    case "allow":
      return forward(deps, exchange, provider, decision.identity, session);
    case "allow_public":
      return forward(deps, exchange, provider, null, null);
    case "denied":
      return deniedPage(deps, exchange, decision.identity);
    case "login":
      return redirect(startUrl(provider, requestedUrl(provider, exchange.request)), "login");
    case "unauthorized":
      return unauthorizedBy(deps, exchange, decision);
  }
}

/**
 * Forwards the request to the upstream as `identity`, or as anonymous. Only a GET can become a WebSocket (RFC 6455 4.1), and another site's
 * page may not open one with this browser's session (RFC 6455 10.2; WS-02).
 */
function forward(
  deps: Deps,
  exchange: Exchange,
  provider: ProxyProvider,
  identity: Identity | null,
  session: Session | null,
): Answer | Forward {
  const { method, headers } = exchange.request;
  const becomesWebSocket = method === "GET" && isWebSocketUpgrade(headers);
  const origin = firstValue(headers, "origin");
  if (becomesWebSocket && origin !== null && origin.toLowerCase() !== provider.externalHost.origin) {
    return foreignOrigin(deps, exchange);
  }
  const request = upstreamRequest(deps, exchange, provider, identity);
  const person = identity !== null && provider.endsStreams ? personKey(identity) : null;
  const sessionId = person === null ? null : (session?.id ?? null);
  return { kind: "forward", request, identity, person, sessionId, exchange, becomesWebSocket };
}

function upstreamRequest(
  deps: Deps,
  exchange: Exchange,
  provider: ProxyProvider,
  identity: Identity | null,
): UpstreamRequest {
  const plan = planUpstreamRequest(exchange.request, provider, {
    identity,
    outpost: outpostFactsOf(deps, provider),
    timeoutSeconds: deps.limits.upstreamResponseHeaderSeconds,
  });
  if (plan.kind === "refused") throw new Failure("upstream_refused", plan.reason);
  for (const warning of plan.warnings) {
    deps.warnOnce(provider.slug, identity?.username ?? "", warning, exchange.request.id);
  }
  return plan.request;
}

/** The upstream's headers without those that only akproxy may set: its cookies and the identity headers (HDR-15; decision 16). */
export function forClient(headers: HeaderLines): HeaderLines {
  return headers.some(isOursAlone) ? headers.filter((line) => !isOursAlone(line)) : headers;
}

function isOursAlone([name, value]: HeaderLine): boolean {
  return isNamed(name, "set-cookie") ? isOurCookieName(setCookieName(value)) : isIdentityName(name);
}

const isIdentityName = remembered((name) => foldedName(name).startsWith("x-authentik-"));
