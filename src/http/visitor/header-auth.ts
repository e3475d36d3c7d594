import { type Decision, decide, type JudgedRequest, type Visitor } from "../../core/decide/decide.ts";
import { Failure } from "../../core/failure.ts";
import {
  type HeaderCredential,
  type ShownCredential,
  shownCredential,
  tokenUsername,
  withoutAuthorization,
} from "../../core/http/header-credential.ts";
import { addressText, parseAddress } from "../../core/http/ip-address.ts";
import { isNavigation } from "../../core/http/navigation.ts";
import type { Session } from "../../core/session.ts";
import { type Soon, whenKnown } from "../../core/soon.ts";
import { credentialDigest } from "../../seal/credential-digest.ts";
import type { Deps } from "../deps.ts";
import type { Exchange } from "../exchange.ts";
import type { CredentialAnswer } from "./credential-answers.ts";
import { sessionOf, visitorOf } from "./visitor.ts";

/** A request that is decided about. Without Authorization in `exchange` where that was consumed. */
export type Decided =
  | {
      readonly kind: "decided";
      readonly decision: Decision;
      readonly session: Session | null;
      readonly exchange: Exchange;
    }
  | { readonly kind: "limited"; readonly waitSeconds: number };

/**
 * Who is asking, and may they? A session counts first; the Authorization header is looked at where the answer would be a login or 401
 * without it. So a path that is public stays the application's own, its credentials with it, and no request of one is asked about at the
 * issuer. Header authentication makes no session and no cookie (decision 18; M2M-12).
 *
 * Throws Failure store_unavailable, idp_unreachable, idp_misconfigured, and bad_request for more than one credential (M2M-07).
 *
 * differs from authentik: nothing is tried on a public path, and what was accepted is never passed on, on a cache hit either.
 */
export function decided(deps: Deps, exchange: Exchange): Soon<Decided> {
  const { provider, request } = exchange;
  const shown = shownCredential(request.headers);
  if (shown.kind === "several") throw new Failure("bad_request", "Authorization holds more than one credential");
  return whenKnown(sessionOf(deps, exchange), (session) => {
    const judged = judgedRequest(exchange, session === null);
    const decision = decide(judged, provider, visitorOf(session));
    const isRefusedAsNobody = decision.kind === "login" || decision.kind === "unauthorized";
    if (!isRefusedAsNobody || shown.kind === "none") return { kind: "decided", decision, session, exchange };
    return decidedBy(deps, exchange, judged, shown, session);
  });
}

/** Whether it is a navigation is asked of those who could be sent to a login alone. */
function judgedRequest({ request, target, knownMethod }: Exchange, isAnonymous: boolean): JudgedRequest {
  const { scheme, host, headers } = request;
  return {
    method: knownMethod,
    scheme,
    host,
    target,
    isNavigation: isAnonymous && isNavigation(request.method, headers),
  };
}

/** The decision about who shows this credential. */
async function decidedBy(
  deps: Deps,
  exchange: Exchange,
  judged: JudgedRequest,
  shown: AskedAbout,
  session: Session | null,
): Promise<Decided> {
  const { provider, request } = exchange;
  const visitor = await visitorShowing(deps, exchange, shown);
  if (visitor.kind === "limited") return visitor;
  const passed = { ...exchange, request: { ...request, headers: withoutAuthorization(request.headers) } };
  return {
    kind: "decided",
    decision: decide(judged, provider, visitor),
    session,
    exchange: visitor.kind === "known" ? passed : exchange,
  };
}

/** What a credential must be for anything to come of it. */
type AskedAbout = Extract<ShownCredential, { readonly kind: "shown" | "malformed" }>;

async function visitorShowing(
  deps: Deps,
  exchange: Exchange,
  shown: AskedAbout,
): Promise<Visitor | Extract<CredentialAnswer, { readonly kind: "limited" }>> {
  if (shown.kind === "malformed") {
    logRefusal(deps, exchange, shown.scheme, "malformed");
    return { kind: "refused", scheme: shown.scheme };
  }
  const { credential } = shown;
  const digest = credentialDigest(exchange.provider.slug, credential);
  const answer = await deps.credentials.answerTo(digest, () => asked(deps, exchange, credential));
  switch (answer.kind) {
    case "known":
      return { kind: "known", identity: answer.identity, via: credential.kind };
    case "refused":
      return { kind: "refused", scheme: credential.kind };
    case "limited":
      return answer;
  }
}

/** One question to the issuer, where not too many have failed; a refused password is told no sooner than any other (M2M-06). */
async function asked(deps: Deps, exchange: Exchange, credential: HeaderCredential): Promise<CredentialAnswer> {
  const attempt = await deps.credentialLimits.enter(limitKeys(exchange, credential));
  if (attempt.kind === "limited") {
    const { id, clientAddress } = exchange.request;
    const fields = { request_id: id, provider: exchange.provider.slug, client: clientAddress };
    deps.log.warn("too many refused credentials", { ...fields, retry_after: attempt.waitSeconds });
    return attempt;
  }
  const isFailed = floor(credential.kind);
  let outcome: "failed" | "spared" = "spared";
  try {
    const answer = await deps.idpOf(exchange.provider).authenticate(credential);
    if (answer.kind === "refused") {
      outcome = "failed";
      logRefusal(deps, exchange, credential.kind, answer.reason);
      await isFailed;
    }
    return answer;
  } finally {
    attempt.settle(outcome);
  }
}

const floorMilliseconds = 250;

/** Longer than the difference between a user name that is not there and a password that is wrong, at most issuers. */
function floor(scheme: HeaderCredential["kind"]): Promise<void> {
  if (scheme === "bearer") return Promise.resolve();
  return new Promise((resolve) => void setTimeout(resolve, floorMilliseconds).unref());
}

/** Whose failures count together: the address, of IPv6 the /64 that one customer has whole; and the user name at this issuer. */
function limitKeys({ provider, request }: Exchange, credential: HeaderCredential): readonly string[] {
  const address = `address ${networkOf(request.clientAddress)}`;
  if (credential.kind === "bearer" || credential.username === tokenUsername) return [address];
  return [address, `user ${provider.oidc.issuer} ${credential.username.toLowerCase()}`];
}

function networkOf(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === null || bytes.length === 4) return address;
  return addressText([...bytes.slice(0, 8), 0, 0, 0, 0, 0, 0, 0, 0]);
}

function logRefusal(deps: Deps, { request, provider }: Exchange, scheme: string, reason: string): void {
  const fields = { request_id: request.id, provider: provider.slug, client: request.clientAddress };
  deps.log.info("credential refused", { ...fields, scheme, reason });
}
