import { type Decision, decide, type JudgedRequest } from "../core/decide/decide.ts";
import { Failure } from "../core/failure.ts";
import { shownCredential, withoutAuthorization } from "../core/http/header-credential.ts";
import { isNavigation } from "../core/http/navigation.ts";
import type { Session } from "../core/session.ts";
import { type Soon, whenKnown } from "../core/soon.ts";
import { type PresentedCredential, visitorOfCredential } from "./credentials.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";
import { sessionOf, visitorOf } from "./visitor/visitor.ts";

/** A decided request. If the decision rests on its credential, `exchange` no longer has the Authorization header. */
export type Decided =
  | {
      readonly kind: "decided";
      readonly decision: Decision;
      readonly session: Session | null;
      readonly exchange: Exchange;
    }
  | { readonly kind: "limited"; readonly waitSeconds: number };

/**
 * Who sends the request, and may they? The session counts first. The Authorization header is read only where the answer without it would
 * be a login or 401. So credentials on a public path belong to the application, and akproxy never asks the issuer about them. Header
 * authentication makes no session and no cookie (decision 18; M2M-12).
 *
 * Throws Failure store_unavailable, idp_unreachable, idp_misconfigured, and bad_request for more than one credential (M2M-07).
 *
 * differs from authentik: no credential is tried on a public path, and an accepted one never reaches the upstream, also not on a cache hit.
 */
export function decided(deps: Deps, exchange: Exchange): Soon<Decided> {
  const { provider, request } = exchange;
  const shown = shownCredential(request.headers);
  if (shown.kind === "several") throw new Failure("bad_request", "Authorization holds more than one credential");
  return whenKnown(sessionOf(deps, exchange), (session) => {
    const judged = judgedRequest(exchange, session);
    const decision = decide(judged, provider, visitorOf(session));
    const needsCredential = decision.kind === "login" || decision.kind === "unauthorized";
    if (!needsCredential || shown.kind === "none") return { kind: "decided", decision, session, exchange };
    return decidedByCredential(deps, exchange, judged, shown, session);
  });
}

/** Only an anonymous request can lead to a login, so only there akproxy finds out whether it is a navigation. */
function judgedRequest({ request, target, knownMethod }: Exchange, session: Session | null): JudgedRequest {
  const { scheme, host, headers } = request;
  return {
    method: knownMethod,
    scheme,
    host,
    target,
    isNavigation: session === null && isNavigation(request.method, headers),
  };
}

async function decidedByCredential(
  deps: Deps,
  exchange: Exchange,
  judged: JudgedRequest,
  presented: PresentedCredential,
  session: Session | null,
): Promise<Decided> {
  const { provider, request } = exchange;
  const visitor = await visitorOfCredential(deps, exchange, presented);
  if (visitor.kind === "limited") return visitor;
  const decision = decide(judged, provider, visitor);
  if (visitor.kind !== "known") return { kind: "decided", decision, session, exchange };
  const consumed = { ...exchange, request: { ...request, headers: withoutAuthorization(request.headers) } };
  return { kind: "decided", decision, session, exchange: consumed };
}
