import { schemeOf } from "../core/choose-provider.ts";
import type { HeaderLines } from "../core/header-lines.ts";
import type { JudgedTarget } from "../core/judged-target.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Answer } from "./answer.ts";
import type { PageRequest } from "./pages/page-spec.ts";
import type { Bridge, ClientSocket } from "./web-socket-bridge.ts";

/** What the listener knows of a request besides the request itself. */
export interface Connection {
  readonly scheme: "http" | "https"; //            by TLS on this hop
  readonly peerAddress: string; //                 "" for a unix socket
  /** Makes the request a WebSocket; false when it can't be. */
  readonly upgrade: (headers: Headers, opened: (socket: ClientSocket) => Bridge) => boolean;
  /** Takes the connection's idle limit away until `until`: an answer of an application may take as long as it likes. */
  readonly mayTakeLong: (until: Promise<unknown>) => void;
}

/** A request that has been taken in; whose it is, is not known yet. */
export interface Arrival {
  readonly request: InboundRequest;
  readonly sentHeaders: HeaderLines; //            as received, spoofable ones included: for what only a trusted peer may say
  readonly target: JudgedTarget;
  readonly connection: Connection;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly gone: AbortSignal; //                   the client has left
}

/** One request on its way through, its provider known. */
export interface Exchange extends Arrival {
  readonly provider: Provider;
}

/** What became of a request, for the log: in forward auth the request is the one the browser made. */
export interface Outcome {
  readonly answer: Answer;
  readonly request: InboundRequest;
  readonly provider: Provider | null;
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
