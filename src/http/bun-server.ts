import { Failure } from "../core/failure.ts";
import { firstValue } from "../core/header-lines.ts";
import type { WireRequest } from "../ports/wire.ts";
import { logAccess } from "./access-log.ts";
import type { Answer, Verdict } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { Passage } from "./exchange.ts";
import { failureAnswer } from "./failure-answer.ts";
import { outcomeOf } from "./front.ts";
import { forClient } from "./proxy.ts";
import { personKey } from "./visitor.ts";
import { type Bridge, bridge, type ClientSocket } from "./web-socket-bridge.ts";

/** What Bun's server knows of a request besides the request itself. */
export interface Connection {
  readonly scheme: "http" | "https"; //            by TLS on this hop
  readonly peerAddress: string; //                 "" for a unix socket
  /** Makes the request a WebSocket; false when it can't be. */
  readonly upgrade: (headers: Headers, opened: (socket: ClientSocket) => Bridge) => boolean;
  /** Takes the connection's idle limit away until `until`: an answer of an application may take as long as it likes. */
  readonly mayTakeLong: (until: Promise<unknown>) => void;
}

/**
 * Answers one request of Bun's server, whatever it is: never throws, never 2xx for what went wrong. `undefined` only after the connection
 * has become a WebSocket.
 */
export async function answerRequest(deps: Deps, raw: Request, connection: Connection): Promise<Response | undefined> {
  const startedAt = performance.now();
  const { result, request, provider } = await outcomeOf(deps, wireRequest(raw, connection));
  const done =
    result.kind === "answer"
      ? { ...result, response: responseOf(result) }
      : await passOn(deps, result, raw, connection);
  logAccess(deps, request, provider, done, (performance.now() - startedAt) / 1000);
  return done.response;
}

interface Done {
  readonly status: number;
  readonly verdict: Verdict;
  readonly user: string | null;
  readonly response: Response | undefined; //      undefined: upgraded
}

function wireRequest(raw: Request, connection: Connection): WireRequest {
  return {
    method: raw.method,
    target: targetOf(raw.url),
    headers: [...raw.headers],
    scheme: connection.scheme,
    peerAddress: connection.peerAddress,
    serverName: null,
    hasBody: raw.body !== null,
  };
}

/** The origin-form target in the URL that the server made of Host and request line; "" when it made none. */
function targetOf(url: string): string {
  const authority = url.indexOf("://");
  if (authority === -1) return url;
  const path = url.indexOf("/", authority + 3);
  return path === -1 ? "/" : url.slice(path);
}

async function passOn(deps: Deps, passage: Passage, raw: Request, connection: Connection): Promise<Done> {
  try {
    return passage.becomesWebSocket
      ? await upgrade(deps, passage, raw, connection)
      : await forward(deps, passage, raw, connection);
  } catch (error) {
    const answer = failureAnswer(deps, passage.exchange, error);
    return { ...answer, response: responseOf(answer) };
  }
}

async function forward(deps: Deps, passage: Passage, raw: Request, connection: Connection): Promise<Done> {
  refuseDroppedBody(passage);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  connection.mayTakeLong(ended);
  const {
    status,
    headers,
    body,
    ended: delivered,
  } = await deps.upstream.send(passage.request, raw.body, raw.signal).finally(resolve);
  connection.mayTakeLong(delivered);
  const lines = new Headers();
  for (const [name, value] of forClient(headers)) lines.append(name, value);
  return { ...doneBy(passage, status), response: new Response(body, { status, headers: lines }) };
}

/** Bun's server drops the body of a GET or HEAD; one whose length is known is refused by the upstream client, a chunked one here. */
function refuseDroppedBody({ exchange: { request } }: Passage): void {
  const isBodyless = request.method === "GET" || request.method === "HEAD";
  if (isBodyless && firstValue(request.headers, "transfer-encoding") !== null) {
    throw new Failure("upstream_not_carried", `upstream: a ${request.method} request with a body can't be sent on`);
  }
}

/** Opens the upstream's WebSocket first and the client's after it, so that a client is upgraded only to an application that answers (WS-04). */
async function upgrade(deps: Deps, passage: Passage, raw: Request, connection: Connection): Promise<Done> {
  const upstream = await deps.upstream.openWebSocket(passage.request, protocolsOf(passage), raw.signal);
  const headers = new Headers();
  if (upstream.protocol !== "") headers.set("sec-websocket-protocol", upstream.protocol);
  const upgraded = connection.upgrade(headers, (client) => {
    deps.metrics.webSockets(1);
    const open = bridge(client, upstream, () => {
      deps.metrics.webSockets(-1);
      remove();
    });
    const remove = deps.liveSockets.add(passage.identity === null ? null : personKey(passage.identity), open.end);
    return open;
  });
  if (upgraded) return { ...doneBy(passage, 101), response: undefined };
  upstream.close(1001, "");
  throw new Failure("bad_request", "the request is no valid WebSocket handshake");
}

/** Protocol names as they were sent: they are compared with their case (RFC 6455 4.1). */
function protocolsOf({ exchange }: Passage): readonly string[] {
  const wanted = firstValue(exchange.request.headers, "sec-websocket-protocol") ?? "";
  return wanted.split(",").flatMap((protocol) => (protocol.trim() === "" ? [] : [protocol.trim()]));
}

function doneBy({ identity }: Passage, status: number): Omit<Done, "response"> {
  return { status, verdict: identity === null ? "public" : "allowed", user: identity?.username ?? null };
}

/** The answer as the platform's Response. HEAD's body is dropped by the server, its headers kept (RFC 9110 9.3.2). */
function responseOf(answer: Answer): Response {
  const headers = new Headers();
  for (const [name, value] of answer.headers) headers.append(name, value);
  return new Response(answer.body === "" ? null : answer.body, { status: answer.status, headers });
}
