import { firstValue, type HeaderLines } from "../core/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";
import { type Answer, empty, pageAnswer, type Verdict } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, pageRequest } from "./exchange.ts";
import { failurePage } from "./pages/failure-page.ts";
import { personKey } from "./visitor.ts";
import { bridge } from "./web-socket-bridge.ts";

/** A WebSocket that may be opened, and as whom. */
export interface WebSocketPass {
  readonly request: UpstreamRequest;
  readonly identity: Identity | null;
  readonly verdict: Verdict;
}

/**
 * Opens the upstream's WebSocket first and the client's after it, so that a client is upgraded only to an application that answers
 * (WS-04). Another site's page may not open one with this browser's session (RFC 6455 10.2; WS-02). Throws Failure upstream_*.
 */
export async function proxyWebSocket(deps: Deps, exchange: Exchange, pass: WebSocketPass): Promise<Answer> {
  const { request, connection, provider } = exchange;
  const origin = firstValue(request.headers, "origin");
  if (origin !== null && origin.toLowerCase() !== provider.externalHost.origin) return foreignOrigin(deps, exchange);
  const protocols = allProtocols(request.headers);
  const upstream = await deps.upstream.openWebSocket(pass.request, protocols, exchange.gone);
  const headers = new Headers();
  if (upstream.protocol !== "") headers.set("sec-websocket-protocol", upstream.protocol);
  const upgraded = connection.upgrade(headers, (client) => {
    deps.metrics.webSockets(1);
    const person = pass.identity === null ? null : personKey(pass.identity);
    const open = bridge(client, upstream, () => {
      deps.metrics.webSockets(-1);
      remove();
    });
    const remove = deps.liveSockets.add(person, open.end);
    return open;
  });
  if (!upgraded) {
    upstream.close(1001, "");
    return notUpgradable(deps, exchange);
  }
  return { ...empty(101, pass.verdict), user: pass.identity?.username ?? null, upgraded: true };
}

function allProtocols(headers: HeaderLines): readonly string[] {
  const wanted = firstValue(headers, "sec-websocket-protocol");
  if (wanted === null) return [];
  // listMembers lower-cases, and protocol names are compared as they are (RFC 6455 4.1)
  return wanted.split(",").flatMap((protocol) => (protocol.trim() === "" ? [] : [protocol.trim()]));
}

function foreignOrigin(deps: Deps, exchange: Exchange): Answer {
  deps.log.warn("web socket refused: its Origin is not the external host", { request_id: exchange.request.id });
  return { ...notUpgradable(deps, exchange), status: 403 };
}

function notUpgradable(deps: Deps, exchange: Exchange): Answer {
  const facts = { request: pageRequest(exchange.request, deps.now()), startUrl: null, issuerAnswer: null };
  return pageAnswer(failurePage("bad_request", facts), exchange.request, "refused");
}
