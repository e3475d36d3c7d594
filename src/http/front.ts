import { endpointOf } from "../core/endpoint.ts";
import { Failure, type FailureCode } from "../core/failure.ts";
import { judgeTarget } from "../core/judged-target.ts";
import type { InboundRequest } from "../core/request.ts";
import { homeOf } from "../core/return-to.ts";
import { logAccess } from "./access-log.ts";
import { type Answer, empty, pageAnswer, responseOf, withHeaders } from "./answer.ts";
import { finishLogin, startedHere } from "./callback.ts";
import type { Deps } from "./deps.ts";
import { type Connection, type Exchange, pageRequest } from "./exchange.ts";
import { readInbound } from "./inbound.ts";
import { beginLogin, startUrl } from "./login.ts";
import { signOut } from "./logout.ts";
import { failurePage } from "./pages/failure-page.ts";
import { notFound } from "./pages/not-found-page.ts";
import { unknownHost } from "./pages/unknown-host-page.ts";
import { proxy } from "./proxy.ts";

/**
 * Answers one request, whatever it is: never throws, never 2xx for what went wrong. `undefined` only after the connection has become a
 * WebSocket.
 */
export async function answerRequest(deps: Deps, raw: Request, connection: Connection): Promise<Response | undefined> {
  const startedAt = performance.now();
  const inbound = readInbound(deps, raw, connection);
  const { request } = inbound;
  const provider = request.host === "" ? null : deps.directory.choose(request.host);
  const answer =
    inbound.kind === "refused"
      ? refusedAnswer(deps, request, inbound.status, inbound.reason)
      : provider === null
        ? unknownHostAnswer(deps, request)
        : await guarded(deps, {
            request,
            target: judgeTarget(request.target),
            provider,
            connection,
            body: raw.body,
            gone: raw.signal,
          });
  logAccess(deps, request, provider, answer, (performance.now() - startedAt) / 1000);
  return answer.upgraded ? undefined : responseOf(answer);
}

/** The URL map. Every branch answers; a failure in one becomes its page. */
async function route(deps: Deps, exchange: Exchange): Promise<Answer> {
  switch (endpointOf(exchange.target)) {
    case "ping":
      return empty(204, "ping");
    case "start":
      return await beginLogin(deps, exchange);
    case "callback":
      return await finishLogin(deps, exchange);
    case "sign_out":
      return await signOut(deps, exchange);
    case "flagged_callback":
      return startedHere(deps, exchange) ? await finishLogin(deps, exchange) : await application(deps, exchange);
    case "none":
      return await application(deps, exchange);
  }
}

async function application(deps: Deps, exchange: Exchange): Promise<Answer> {
  const { provider, request } = exchange;
  if (provider.mode === "proxy") return await proxy(deps, exchange, provider);
  return pageAnswer(notFound(pageRequest(request, deps.now())), request, "refused");
}

async function guarded(deps: Deps, exchange: Exchange): Promise<Answer> {
  try {
    return await route(deps, exchange);
  } catch (error) {
    return failureAnswer(deps, exchange, error);
  }
}

function failureAnswer(deps: Deps, exchange: Exchange, error: unknown): Answer {
  const { request, provider } = exchange;
  const code: FailureCode = error instanceof Failure ? error.code : "internal";
  const fields = { request_id: request.id, provider: provider.slug, client_id: provider.oidc.clientId, code };
  if (code === "internal") deps.log.error("internal error", { ...fields, error: traceOf(error) });
  else deps.log.warn("request failed", { ...fields, reason: reasonOf(error) });
  if (code.startsWith("idp_")) deps.metrics.login({ provider: provider.slug, result: code });
  const restarts = code.startsWith("idp_") || code.startsWith("login_");
  const facts = {
    request: pageRequest(request, deps.now()),
    startUrl: restarts ? startUrl(provider, homeOf(provider)) : null,
    issuerAnswer: null,
  };
  return pageAnswer(failurePage(code, facts), request, "failed");
}

function refusedAnswer(deps: Deps, request: InboundRequest, status: number, reason: string): Answer {
  deps.log.info("request refused", { request_id: request.id, status, reason, client: request.clientAddress });
  const facts = { request: pageRequest(request, deps.now()), startUrl: null, issuerAnswer: null };
  const answer = pageAnswer(failurePage("bad_request", facts), request, "refused");
  return withHeaders({ ...answer, status }, [["connection", "close"]]);
}

function unknownHostAnswer(deps: Deps, request: InboundRequest): Answer {
  if (endpointOf(judgeTarget(request.target)) === "ping") return empty(204, "ping");
  const { id, host, hostSource, peerAddress, peerIsTrusted } = request;
  const sender = { peer: peerAddress, peer_is_trusted: peerIsTrusted };
  deps.log.warn("no app for hostname", { request_id: id, host, host_source: hostSource, ...sender });
  return pageAnswer(unknownHost(pageRequest(request, deps.now())), request, "refused");
}

/** A failure's message and those of its causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
