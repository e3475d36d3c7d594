import type { UpstreamClient } from "../ports/upstream-client.ts";
import { fetchUpstream } from "./http-client.ts";
import { webSocketUpstream } from "./web-socket-client.ts";

/** The way to upstreams, on Bun's `fetch` and its WebSocket client. */
export function upstreamClient(): UpstreamClient {
  return { send: fetchUpstream(), openWebSocket: webSocketUpstream() };
}
