import { schemeOf } from "../core/choose-provider.ts";
import type { JudgedTarget } from "../core/judged-target.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { PageRequest } from "./pages/page-spec.ts";
import type { Bridge, ClientSocket } from "./web-socket-bridge.ts";

/** What the listener knows of a request besides the request itself. */
export interface Connection {
  readonly scheme: "http" | "https"; //            by TLS on this hop
  readonly peerAddress: string; //                 "" for a unix socket
  /** Makes the request a WebSocket; false when it can't be. */
  readonly upgrade: (headers: Headers, opened: (socket: ClientSocket) => Bridge) => boolean;
  /** Takes the connection's idle limit away: an answer of an application may take as long as it likes. */
  readonly mayTakeLong: () => void;
}

/** One request on its way through, its provider known. */
export interface Exchange {
  readonly request: InboundRequest;
  readonly target: JudgedTarget;
  readonly provider: Provider;
  readonly connection: Connection;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly gone: AbortSignal; //                   the client has left
}

/** The facts of a request that a page shows. */
export function pageRequest(request: InboundRequest, now: number): PageRequest {
  const { id, host, hostSource, peerIsTrusted } = request;
  return { id, host, hostSource, peerIsTrusted, time: now };
}

/** The URL the browser asked for, as it would ask again: the external host's scheme, the request's host and target. */
export function askedUrl(exchange: Exchange): string {
  return `${schemeOf(exchange.provider)}://${exchange.request.host}${exchange.request.target}`;
}
