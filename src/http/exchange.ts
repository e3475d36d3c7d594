import type { Dialect } from "../core/forward-auth/dialects.ts";
import type { HeaderLines } from "../core/http/header-lines.ts";
import type { JudgedTarget } from "../core/http/judged-target.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { UpstreamRequest } from "../core/upstream/upstream-request.ts";
import type { Answer } from "./answer.ts";
import type { PageRequest } from "./pages/page-spec.ts";

/** The facts of a request that akproxy has read. */
interface Received {
  readonly request: InboundRequest;
  readonly sentHeaders: HeaderLines; //            as received, spoofable ones included: for the facts that only a trusted peer may state
  readonly target: JudgedTarget;
  readonly dialect: Dialect | null; //             of the check that contains this request; null: the request came directly
  readonly knownMethod: string; //                 for the rules; "": the reverse proxy does not send it
}

/** A request whose host belongs to a provider. */
export interface Exchange extends Received {
  readonly provider: Provider;
}

/** A request on its way to its route; `provider` is null for a host of no provider. */
export type Arrival = Exchange | (Received & { readonly provider: null });

/** A request that akproxy forwards to its application. */
export interface Forward {
  readonly kind: "forward";
  readonly request: UpstreamRequest;
  readonly identity: Identity | null; //           null: anonymous, on a public path
  readonly person: string | null; //               the user whose sign-out ends its streams; null: anonymous, or they may outlive it
  readonly sessionId: string | null; //            the session whose end ends them; null: the request came with a credential instead
  readonly exchange: Exchange;
  readonly becomesWebSocket: boolean;
}

/** A request that akproxy answers once it has read the body, of at most `mostBytes`. `answer` never rejects. */
export interface BodyWanted {
  readonly kind: "body";
  readonly mostBytes: number;
  readonly answer: (body: string) => Promise<Answer>;
}

/** The outcome of a request. `request` and `provider` are for the log: inside a check they are those of the browser's request. */
export interface Outcome {
  readonly result: Answer | Forward | BodyWanted;
  readonly request: InboundRequest;
  readonly provider: Provider | null;
}

/** The facts of a request that a page shows. */
export function pageRequest(request: InboundRequest, now: number): PageRequest {
  const { id, host, hostSource, peerIsTrusted } = request;
  return { id, host, hostSource, peerIsTrusted, time: now };
}
