import { Failure } from "../core/failure.ts";
import { withoutNames } from "../core/header-lines.ts";
import type { UpstreamRequest } from "../core/upstream-request.ts";
import type { UpstreamClient, UpstreamWebSocket } from "../ports/upstream-client.ts";
import { upstreamName, upstreamTls, upstreamUrl } from "./address.ts";
import { startDeadline } from "./deadline.ts";
import { sendableHeaders } from "./hop-headers.ts";
import { openedWebSocket } from "./opened-web-socket.ts";

// the DOM library's type hides what Bun's WebSocket takes and can do
const BunWebSocket = WebSocket as unknown as new (url: string, options: Bun.WebSocketOptions) => Bun.WebSocket;

/**
 * Opens WebSockets to upstreams by Bun's client. The upstream sees the headers as given and its choice of a subprotocol is kept; what
 * else stands in its 101 is lost, as Bun's client does not show it. Compression is not offered, so that no message is compressed twice.
 * Bun's client uses no proxy of the environment (UPS-09) and follows no redirect.
 */
export function webSocketUpstream(): UpstreamClient["openWebSocket"] {
  return async (request, protocols, signal) => {
    const socket = connect(request, protocols);
    const deadline = startDeadline(request.timeoutSeconds, signal);
    const terminate = (): void => socket.terminate();
    deadline.signal.addEventListener("abort", terminate);
    if (deadline.signal.aborted) terminate();
    try {
      return await accepted(socket, request);
    } catch (error) {
      if (!deadline.expired()) throw error;
      const name = upstreamName(request.upstream);
      const seconds = request.timeoutSeconds;
      throw new Failure("upstream_timeout", `upstream: "${name}" sent nothing for ${seconds} s`, { cause: error });
    } finally {
      deadline.stop();
      deadline.signal.removeEventListener("abort", terminate); // once it is open, a close ends it
    }
  };
}

function connect(request: UpstreamRequest, protocols: readonly string[]): Bun.WebSocket {
  const url = webSocketUrl(request);
  // Bun writes a handshake of its own; the client's was with us
  const lines = withoutNames(request.headers, (name) => name.startsWith("sec-websocket-") || name === "content-length");
  const headers = sendableHeaders(lines);
  const tls = upstreamTls(request.upstream);
  try {
    const socket = new BunWebSocket(url, { headers, protocols: [...protocols], tls, perMessageDeflate: false });
    socket.binaryType = "nodebuffer";
    return socket;
  } catch (error) {
    throw new Failure("bad_request", "web socket: the request's subprotocols can't be sent on", { cause: error });
  }
}

function webSocketUrl(request: UpstreamRequest): string {
  const { scheme, unixPath } = request.upstream;
  const webSocketScheme = scheme === "https" ? "wss" : "ws";
  const url = upstreamUrl(request, webSocketScheme);
  return unixPath === null ? url : `${webSocketScheme}+unix://${unixPath}:${request.target}`;
}

/** Resolves when the upstream has answered 101 with the right accept key (WS-04). */
function accepted(socket: Bun.WebSocket, request: UpstreamRequest): Promise<UpstreamWebSocket> {
  return new Promise((resolve, reject) => {
    const opened = openedWebSocket(socket); // listens from now on: a message may come with the 101
    let problem = "connection lost";
    socket.addEventListener("open", () => resolve(opened), { once: true });
    socket.addEventListener("error", (event) => {
      problem = event.message;
    });
    socket.addEventListener("close", () => reject(refusal(request, problem)), { once: true });
  });
}

/** Bun says what was wrong only in a message, behind the URL, and a URL may hold a secret. */
function refusal(request: UpstreamRequest, message: string): Failure {
  const name = upstreamName(request.upstream);
  const status = /Expected 101 status code: (\d+)/.exec(message)?.[1];
  if (status !== undefined) {
    return new Failure("upstream_refused", `upstream: "${name}" answered ${status} to a WebSocket upgrade`);
  }
  const reason = / failed: ([^:]*)$/.exec(message)?.[1] ?? "connection lost";
  return new Failure("upstream_unreachable", `upstream: "${name}" opened no WebSocket: ${reason.toLowerCase()}`);
}
