import type { Decision } from "../core/decide/decide.ts";
import { endpointOf, isOwnPath } from "../core/decide/endpoint.ts";
import { requestedUrl } from "../core/decide/return-to.ts";
import type { Dialect } from "../core/forward-auth/dialects.ts";
import type { OriginalRequest, OriginalUrl } from "../core/forward-auth/original-url.ts";
import { judgeTarget } from "../core/http/judged-target.ts";
import { isNavigation } from "../core/http/navigation.ts";
import type { InboundRequest } from "../core/request.ts";
import { rescued, type Soon, whenKnown } from "../core/soon.ts";
import { allowed, lettingIn } from "./allowed.ts";
import { type Answer, empty, pageAnswer, withHeaders } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Arrival, type Exchange, type Outcome, pageRequest } from "./exchange.ts";
import { failureAnswer } from "./failure-answer.ts";
import { finishLogin, startedHere } from "./login/callback.ts";
import { frontchannelLogout } from "./login/frontchannel.ts";
import { beginLogin, startEndpoint } from "./login/login.ts";
import { signOut } from "./login/logout.ts";
import { failurePage } from "./pages/failure-page.ts";
import { unknownHost } from "./pages/unknown-host-page.ts";
import { deniedPage, unauthorized } from "./refusals.ts";
import { tooMany, unauthorizedBy } from "./visitor/credential-refusals.ts";
import { decided } from "./visitor/header-auth.ts";

/**
 * Answers a reverse proxy that asks for a verdict: 2xx lets in, everything else does not. Only trusted peers are answered (decision 7;
 * FWD-02), a request whose original URL can't be told is refused (decision 25).
 */
export function verdict(deps: Deps, arrival: Arrival, dialect: Dialect): Soon<Outcome> {
  const { request } = arrival;
  if (!request.peerIsTrusted) return { result: untrusted(deps, arrival), request, provider: null };
  const { method, scheme, target } = request;
  const told = dialect.originalUrl({ method, scheme, target, headers: arrival.sentHeaders });
  const asked = deps.directory.choose(request.host);
  if (told.kind === "missing" && asked?.mode === "proxy") {
    return { result: inDialect(dialect, unknownApplication(deps, arrival, request)), request, provider: asked };
  }
  if (told.kind !== "told") {
    return { result: inDialect(dialect, untold(deps, arrival, dialect, told)), request, provider: null };
  }
  const original = askedAbout(request, told.original);
  const provider = deps.directory.choose(original.host);
  if (provider === null || provider.mode === "proxy") {
    const answer = unknownApplication(deps, { ...arrival, request: original }, told.original);
    return { result: inDialect(dialect, answer), request: original, provider };
  }
  const { sentHeaders } = arrival;
  const exchange: Exchange = { request: original, sentHeaders, target: judgeTarget(original.target), provider };
  const answer = rescued(
    () => ownEndpoint(deps, exchange, dialect) ?? judge(deps, exchange, dialect, told.original.method),
    (error) => failureAnswer(deps, exchange, error),
  );
  return whenKnown(answer, (made) => ({ result: inDialect(dialect, made), request: original, provider }));
}

/**
 * The request that is asked about, in place of the one that asks. Who does not tell the method asks about a GET (authentik: the same); the
 * rules are told that it is not known. Spelled out, here and where else each request passes: a spread costs as much as three header lines.
 */
function askedAbout(request: InboundRequest, told: OriginalRequest): InboundRequest {
  const { id, headers, hostSource, clientAddress, peerAddress, peerIsTrusted } = request;
  const { scheme, host, hostHeader, target } = told;
  const method = told.method || "GET";
  return {
    id,
    method,
    scheme,
    host,
    hostHeader,
    hostSource,
    target,
    headers,
    clientAddress,
    peerAddress,
    peerIsTrusted,
  };
}

/**
 * One of our endpoints inside the original URL; null when it is none. An nginx lets the browser through to it; the others pass our answer
 * on, in which no page of ours may be a 2xx.
 */
function ownEndpoint(deps: Deps, exchange: Exchange, dialect: Dialect): Soon<Answer> | null {
  const endpoint = endpointOf(exchange.target);
  if (endpoint === "none" || (endpoint === "flagged_callback" && !startedHere(deps, exchange))) return null;
  if (!dialect.carriesOwnEndpoints) return isOwnPath(exchange.target.path) ? allowed(deps, exchange, null) : null;
  switch (endpoint) {
    case "ping":
      return allowed(deps, exchange, null);
    case "start":
      // as for a request that comes here by itself: no image of another site starts a login (decision 9)
      return isNavigation(exchange.request.method, exchange.request.headers)
        ? startEndpoint(deps, exchange)
        : unauthorized(deps, exchange);
    case "callback":
    case "flagged_callback":
      return finishLogin(deps, exchange);
    case "sign_out":
      return whenKnown(signOut(deps, exchange), refusing);
    case "backchannel_logout": //                  a check has no body to read
      return unauthorized(deps, exchange);
    case "frontchannel_logout":
      return whenKnown(frontchannelLogout(deps, exchange), refusing);
  }
}

function judge(deps: Deps, exchange: Exchange, dialect: Dialect, toldMethod: string): Soon<Answer> {
  return whenKnown(decided(deps, exchange, toldMethod), (found) => {
    if (found.kind === "limited") return tooMany(deps, exchange, found.waitSeconds);
    if (toldMethod === "" && dialect.methodHeader !== null) warnOfMethod(deps, exchange, dialect, found.decision);
    return answerOf(deps, exchange, dialect, found.decision);
  });
}

function answerOf(deps: Deps, exchange: Exchange, dialect: Dialect, decision: Decision): Soon<Answer> {
  switch (decision.kind) {
    case "allow":
      return lettingIn(deps, exchange, dialect, decision.identity);
    case "allow_public":
      return lettingIn(deps, exchange, dialect, null);
    case "denied":
      return deniedPage(deps, exchange, decision.identity);
    case "login":
      return dialect.onLogin === "redirect"
        ? beginLogin(deps, exchange, requestedUrl(exchange.provider, exchange.request))
        : unauthorized(deps, exchange);
    case "unauthorized":
      return unauthorizedBy(deps, exchange, decision);
  }
}

/** A rule about methods that refuses somebody only because the method is not known: its author must hear of it. */
function warnOfMethod(deps: Deps, exchange: Exchange, dialect: Dialect, { kind, because }: Decision): void {
  const { provider, request } = exchange;
  if (kind === "allow" || because.kind !== "rule" || provider.rules[because.number - 1]?.methods.length === 0) return;
  deps.log.warn("the reverse proxy does not tell the method: a rule about methods is taken to be meant", {
    request_id: request.id,
    provider: provider.slug,
    rule: because.number,
    hint: `let it send ${dialect.methodHeader}; see: akproxy snippet ${dialect.snippet} ${provider.slug}`,
  });
}

/** What the dialect can pass on. nginx makes its own 500 of everything but 2xx, 401 and 403 (FWD-15). */
export function inDialect(dialect: Dialect, answer: Answer): Answer {
  if (dialect.statuses === "any") return answer;
  switch (answer.status) {
    case 200:
    case 401:
    case 403:
    case 500:
      return answer;
    default:
      return { ...answer, status: answer.status >= 500 ? 500 : 401 };
  }
}

function refusing(answer: Answer): Answer {
  return answer.status >= 200 && answer.status < 300 ? { ...answer, status: 403 } : answer;
}

function untrusted(deps: Deps, arrival: Arrival): Answer {
  const { request } = arrival;
  deps.log.warn("verdict refused: the peer is not trusted", {
    request_id: request.id,
    peer: request.peerAddress,
    hint: `if it is your reverse proxy, add "${request.peerAddress}" to listen.trusted_proxies`,
  });
  return { ...badRequest(deps, arrival), status: 403 };
}

/** authentik answers a verdict request without its headers with 500 and this text, which its users know to search for. */
function untold(deps: Deps, arrival: Arrival, dialect: Dialect, told: Exclude<OriginalUrl, { kind: "told" }>): Answer {
  const { request } = arrival;
  const fields = { request_id: request.id, dialect: dialect.name, peer: request.peerAddress };
  if (told.kind === "malformed") {
    deps.log.warn("verdict refused: the original URL is malformed", { ...fields, header: told.header });
    return badRequest(deps, arrival);
  }
  deps.log.error("configuration error: the reverse proxy does not tell the original URL", {
    ...fields,
    missing: told.headers.join(", "),
    hint: `compare its configuration with: akproxy snippet ${dialect.snippet} SLUG`,
  });
  const answer = withHeaders(empty(500, "failed"), [["content-type", "text/plain; charset=utf-8"]]);
  return { ...answer, body: "configuration error\n" };
}

function unknownApplication(deps: Deps, arrival: Arrival, original: Pick<OriginalRequest, "host">): Answer {
  const { request } = arrival;
  deps.log.warn("verdict refused: no forward auth provider for the host", {
    request_id: request.id,
    host: original.host,
  });
  return pageAnswer(unknownHost(pageRequest(request, deps.now())), request, "refused");
}

function badRequest(deps: Deps, { request }: Arrival): Answer {
  const facts = { request: pageRequest(request, deps.now()), startUrl: null, issuerAnswer: null };
  return pageAnswer(failurePage("bad_request", facts), request, "refused");
}
