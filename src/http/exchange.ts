import type { HeaderLines } from "../core/http/header-lines.ts";
import type { JudgedTarget } from "../core/http/judged-target.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { UpstreamRequest } from "../core/upstream/upstream-request.ts";
import type { Answer } from "./answer.ts";
import type { PageRequest } from "./pages/page-spec.ts";

/** A request that has been taken in; whose it is, is not known yet. */
export interface Arrival {
  readonly request: InboundRequest;
  readonly sentHeaders: HeaderLines; //            as received, spoofable ones included: for what only a trusted peer may say
  readonly target: JudgedTarget;
}

/** One request on its way through, its provider known. */
export interface Exchange extends Arrival {
  readonly provider: Provider;
}

/** A request that may go on to its application. */
export interface Passage {
  readonly kind: "pass";
  readonly request: UpstreamRequest;
  readonly identity: Identity | null; //           null: nobody, on a public path
  readonly person: string | null; //               at whose sign-out its streams end; null: nobody's, or they may outlive it
  readonly sessionId: string | null; //            what they end with, too; null: a credential of a program let it in
  readonly exchange: Exchange;
  readonly becomesWebSocket: boolean;
}

/** A request that is answered from here once its body, of at most so many bytes, is known. `answer` never rejects. */
export interface BodyWanted {
  readonly kind: "body";
  readonly mostBytes: number;
  readonly answer: (body: string) => Promise<Answer>;
}

/** What becomes of a request. For the log: in forward auth the request is the one the browser made. */
export interface Outcome {
  readonly result: Answer | Passage | BodyWanted;
  readonly request: InboundRequest;
  readonly provider: Provider | null;
}

/** The facts of a request that a page shows. */
export function pageRequest(request: InboundRequest, now: number): PageRequest {
  const { id, host, hostSource, peerIsTrusted } = request;
  return { id, host, hostSource, peerIsTrusted, time: now };
}
