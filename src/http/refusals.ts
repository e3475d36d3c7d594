import type { Decision } from "../core/decide/decide.ts";
import { challengeOf } from "../core/decide/decide.ts";
import { requestedUrl, startUrl } from "../core/decide/return-to.ts";
import { Failure, type FailureCode } from "../core/failure.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import { type Answer, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, pageRequest } from "./exchange.ts";
import { credentialRefused, tooManyRefused } from "./pages/credential-pages.ts";
import { failurePage } from "./pages/failure-page.ts";
import { closedToAll, type DeniedRemark, loginRequired, notAllowed } from "./pages/login-pages.ts";
import { unknownHost } from "./pages/not-found-pages.ts";

/** 401 with a challenge and the login's URL, and no cookie: the client cannot follow a redirect to a login (decision 9). */
export function unauthorized(deps: Deps, exchange: Exchange): Answer {
  const { provider, request } = exchange;
  const spec = loginRequired({
    request: pageRequest(request, deps.now()),
    loginUrl: loginUrlOf(exchange),
    challenges: [`Bearer realm="${provider.slug}"`],
  });
  return pageAnswer(spec, request, "unauthorized");
}

/** 401 for a program: it has no credential, or the issuer refused its credential. Never a cookie. */
export function unauthorizedBy(
  deps: Deps,
  exchange: Exchange,
  decision: Extract<Decision, { readonly kind: "unauthorized" }>,
): Answer {
  if (decision.reason === "not_a_navigation") return unauthorized(deps, exchange);
  const { provider, request } = exchange;
  const spec = credentialRefused({
    request: pageRequest(request, deps.now()),
    loginUrl: loginUrlOf(exchange),
    challenge: challengeOf(decision, provider.slug),
  });
  return pageAnswer(spec, request, "unauthorized");
}

/** The login that returns to the requested page, or to the external host where the request was not for a page. */
function loginUrlOf({ provider, request }: Exchange): string {
  return startUrl(provider, request.method === "GET" ? requestedUrl(provider, request) : provider.externalHost.href);
}

/** 429 with Retry-After (decision 40). */
export function tooMany(deps: Deps, { request }: Exchange, waitSeconds: number): Answer {
  const spec = tooManyRefused({ request: pageRequest(request, deps.now()), waitSeconds });
  return pageAnswer(spec, request, "refused");
}

/** 403 for a known user who may not enter, or for everybody where a rule denies everybody (`identity` is null). */
export function deniedPage(deps: Deps, exchange: Exchange, identity: Identity | null): Answer {
  const { provider, request } = exchange;
  if (identity === null) {
    const closed = closedToAll({ request: pageRequest(request, deps.now()), application: provider.name });
    return pageAnswer(closed, request, "denied");
  }
  const spec = notAllowed({
    request: pageRequest(request, deps.now()),
    username: identity.username,
    email: identity.email,
    application: provider.name,
    remarks: remarksOn(identity, provider),
    switchUrl: startUrl(provider, requestedUrl(provider, request), "other"),
  });
  return pageAnswer(spec, request, "denied", identity.username);
}

/** Facts from the issuer that may explain why a user is not among those who may enter. */
function remarksOn(identity: Identity, provider: Provider): readonly DeniedRemark[] {
  const allows = [
    provider.allow,
    ...provider.rules.map(({ access }) => (access.kind === "allow" ? access.allow : null)),
  ];
  const asksForEmail = allows.some((allow) => allow !== null && allow.emails.length + allow.emailDomains.length > 0);
  const remarks: DeniedRemark[] = [];
  if (identity.areGroupsLeftOut) remarks.push("groups_left_out");
  if (identity.emailVerified === false && asksForEmail) remarks.push("email_not_verified");
  return remarks;
}

/** 403 for a WebSocket that another site's page opens. */
export function foreignOrigin(deps: Deps, { request }: Exchange): Answer {
  deps.log.warn("web socket refused: its Origin is not the external host", { request_id: request.id });
  return { ...badRequestPage(deps, request), status: 403 };
}

/** 400 for a request that akproxy does not serve as it stands. */
export function badRequestPage(deps: Deps, request: InboundRequest): Answer {
  const facts = { request: pageRequest(request, deps.now()), startUrl: null, issuerAnswer: null };
  return pageAnswer(failurePage("bad_request", facts), request, "refused");
}

/** 400 for a host of no provider: the page says which host akproxy saw, in which header, and whether it trusts the sender (decision 6). */
export function unknownHostPage(deps: Deps, request: InboundRequest): Answer {
  return pageAnswer(unknownHost(pageRequest(request, deps.now())), request, "refused");
}

/**
 * The page and the log line of what an endpoint threw. Never 2xx; an error that is not a Failure is a bug in akproxy and a 500.
 * `startAgainAt` is the target of the page's button; null: the user tries again by reloading, as after a login that could not even begin.
 */
export function failureAnswer(
  deps: Deps,
  exchange: Exchange,
  error: unknown,
  startAgainAt: string | null = null,
): Answer {
  const { request, provider } = exchange;
  const code: FailureCode = error instanceof Failure ? error.code : "internal";
  const fields = { request_id: request.id, provider: provider.slug, client_id: provider.oidc.clientId, code };
  if (code === "internal") deps.log.error("internal error", { ...fields, error: traceOf(error) });
  else deps.log.warn("request failed", { ...fields, reason: reasonOf(error) });
  if (code.startsWith("idp_")) deps.metrics.login({ provider: provider.slug, result: code });
  const facts = { request: pageRequest(request, deps.now()), startUrl: startAgainAt, issuerAnswer: null };
  return pageAnswer(failurePage(code, facts), request, "failed");
}

/** A failure's message and those of its causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
