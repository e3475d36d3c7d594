import { challengeOf, type Decision } from "../decide/decide.ts";
import { startPath } from "../decide/endpoint.ts";
import { ownUrl, requestedUrl, startUrl } from "../decide/return-to.ts";
import { failureStatus } from "../failure.ts";
import { type Dialect, dialects } from "../forward-auth/dialects.ts";
import type { HeaderLines } from "../http/header-lines.ts";
import { isWebSocketUpgrade } from "../http/navigation.ts";
import type { Identity } from "../identity.ts";
import type { ForwardDomainProvider, ForwardSingleProvider, Provider, ProxyProvider } from "../provider.ts";
import type { InboundRequest } from "../request.ts";
import { anonymousHeaders, identityHeaders, type OutpostFacts } from "../upstream/identity-headers.ts";
import { planUpstreamRequest } from "../upstream/upstream-request.ts";

/** The answer of serve: to the browser in proxy mode, else to the reverse proxy that asks in this dialect. */
export interface ExplainedAnswer {
  readonly to: "browser" | Dialect["name"];
  readonly status: number | null; //               null: the status of the upstream's answer
  readonly what: string;
  readonly location: string | null; //             the target of a redirect by akproxy
}

/** What the application receives: in proxy mode the headers of the forwarded request, else those that the reverse proxy copies from the answer. */
export interface Passed {
  readonly requestLine: string | null; //          proxy mode: method, target and upstream
  readonly headers: HeaderLines;
  readonly warnings: readonly string[];
}

/** The answers to a decided request, and what the application receives; null: nothing. */
export interface Answers {
  readonly answers: readonly ExplainedAnswer[];
  readonly passed: Passed | null;
}

/** A decided request, with everything that the answer needs. */
interface Decided {
  readonly decision: Decision;
  readonly request: InboundRequest;
  readonly outpost: OutpostFacts;
}

/** The answers of serve, in the provider's mode. */
export function answersTo(decided: Decided, provider: Provider): Answers {
  switch (provider.mode) {
    case "proxy":
      return proxyAnswers(decided, provider);
    case "forward_single":
    case "forward_domain":
      return forwardAnswers(decided, provider);
  }
}

function proxyAnswers(decided: Decided, provider: ProxyProvider): Answers {
  const { decision, request } = decided;
  switch (decision.kind) {
    case "allow":
      return passedOn(decided, provider, decision.identity);
    case "allow_public":
      return passedOn(decided, provider, null);
    case "denied":
      return toBrowser(403, "a page that names the refused user");
    case "login":
      return toBrowser(302, "to the start of a login", startUrl(provider, requestedUrl(provider, request)));
    case "unauthorized":
      return toBrowser(401, unauthorizedText(decision, provider));
  }
}

function passedOn({ request, outpost }: Decided, provider: ProxyProvider, identity: Identity | null): Answers {
  const plan = planUpstreamRequest(request, provider, { identity, outpost, timeoutSeconds: 0 });
  if (plan.kind === "refused") return toBrowser(failureStatus.upstream_refused, plan.reason);
  const { method, target, headers, upstream } = plan.request;
  const where =
    upstream.unixPath === null ? `${upstream.scheme}://${upstream.hostAndPort}` : `unix:${upstream.unixPath}`;
  const what = isWebSocketUpgrade(request.headers) ? "the upstream's answer, as a WebSocket" : "the upstream's answer";
  return {
    answers: [{ to: "browser", status: null, what, location: null }],
    passed: { requestLine: `${method} ${target} to ${where}`, headers, warnings: plan.warnings },
  };
}

function toBrowser(status: number, what: string, location: string | null = null): Answers {
  return { answers: [{ to: "browser", status, what, location }], passed: null };
}

function forwardAnswers(decided: Decided, provider: ForwardSingleProvider | ForwardDomainProvider): Answers {
  if (!decided.request.peerIsTrusted) {
    const what = `the peer is not trusted: add "${decided.request.peerAddress}" to listen.trusted_proxies`;
    return { answers: dialects.map(({ name: to }) => ({ to, status: 403, what, location: null })), passed: null };
  }
  return {
    answers: dialects.map((dialect) => verdictTo(dialect, decided, provider)),
    passed: copied(decided, provider),
  };
}

function verdictTo(dialect: Dialect, { decision }: Decided, provider: Provider): ExplainedAnswer {
  const answer = (status: number, what: string) => ({ to: dialect.name, status, what, location: null });
  switch (decision.kind) {
    case "allow":
    case "allow_public":
      return answer(200, "with the headers below");
    case "denied":
      return answer(403, "a page that names the refused user");
    case "login":
      return dialect.onLogin === "redirect"
        ? answer(302, `to the login at ${provider.oidc.issuer}`)
        : answer(401, `which its configuration turns into a redirect to ${ownUrl(provider, startPath).href}`);
    case "unauthorized":
      return answer(401, unauthorizedText(decision, provider));
  }
}

function copied({ decision, outpost }: Decided, provider: Provider): Passed | null {
  switch (decision.kind) {
    case "allow":
      return { requestLine: null, ...named(identityHeaders(decision.identity, provider, outpost)) };
    case "allow_public":
      return { requestLine: null, headers: anonymousHeaders(provider, outpost), warnings: [] };
    case "denied":
    case "login":
    case "unauthorized":
      return null;
  }
}

function named({ lines, warnings }: ReturnType<typeof identityHeaders>): Omit<Passed, "requestLine"> {
  return { headers: lines, warnings };
}

function unauthorizedText(decision: Extract<Decision, { readonly kind: "unauthorized" }>, provider: Provider): string {
  const challenge = challengeOf(decision, provider.slug);
  const url = decision.reason === "not_a_navigation" ? " and the login URL" : "";
  return `with WWW-Authenticate: ${challenge}${url}, without a redirect`;
}
