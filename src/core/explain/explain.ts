import type { Config } from "../config.ts";
import { externalHostKey, providerDirectory } from "../decide/choose-provider.ts";
import { type Because, decide, judgedRequest, type Visitor } from "../decide/decide.ts";
import { type Endpoint, endpointOf } from "../decide/endpoint.ts";
import { type Access, accessBy } from "../decide/expectation.ts";
import { dialectOf } from "../forward-auth/dialects.ts";
import { type ShownCredential, shownCredential } from "../http/header-credential.ts";
import { parseHost } from "../http/host.ts";
import { type Network, parseNetwork } from "../http/ip-address.ts";
import { judgePath, judgeTarget, matchSubject, type PathVerdict } from "../http/judged-target.ts";
import { navigationObstacle } from "../http/navigation.ts";
import type { Provider } from "../provider.ts";
import type { InboundRequest } from "../request.ts";
import type { OutpostFacts } from "../upstream/identity-headers.ts";
import { type Answers, answersTo } from "./explain-answer.ts";
import { arrive, type GivenRequest, type TrustWalk, trustWalks } from "./explain-request.ts";
import { type RuleTrace, traceRules } from "./explain-rules.ts";

/** A hypothetical request, its visitor, and the facts of the outpost that the headers name. */
export interface Question extends GivenRequest {
  readonly visitor: Visitor;
  readonly outpost: OutpostFacts;
}

/** What serve would do with a request, and why. Each kind holds the steps that the request would reach. */
export type Explanation = { readonly request: InboundRequest; readonly trust: readonly TrustWalk[] } & (
  | { readonly kind: "refused"; readonly status: number; readonly reason: string } // at the edge
  | { readonly kind: "no_provider"; readonly hosts: readonly string[] } //           the hosts and domains of all providers
  | { readonly kind: "endpoint"; readonly chosen: Chosen; readonly endpoint: OwnEndpoint }
  | { readonly kind: "decided"; readonly chosen: Chosen; readonly decided: ExplainedDecision }
);

/** One of akproxy's own endpoints, which have no access decision. */
export type OwnEndpoint = Exclude<Endpoint, "none" | "flagged_callback"> | "verdict";

/** The provider of the host, and the config key that matched. */
export interface Chosen {
  readonly provider: Provider;
  readonly by: "external_host" | "cookie_domain";
}

export interface ExplainedDecision extends Answers {
  readonly searched: string; //                    the text that patterns are searched in
  readonly neverPublic: string | null; //          why the path is never public; null: it may be
  readonly obstacle: string | null; //             why no login can start; null: one can
  readonly rules: readonly RuleTrace[];
  readonly path: PathVerdict; //                   what the patterns say; counts only when no rule decides
  readonly visitor: Visitor;
  readonly is: Access;
  readonly because: Because;
}

/** The decision of serve with every step that led to it. Pure and total (spec: cli, explain). */
export function explain(config: Config, question: Question): Explanation {
  const trusted = networksOf(config);
  const inbound = arrive(question, trusted);
  const { request } = inbound;
  const base = { request, trust: trustWalks(question, trusted) };
  if (inbound.kind === "refused") return { ...base, ...inbound };
  const chosen = choose(config, request);
  if (chosen === null) return { ...base, kind: "no_provider", hosts: hostsOf(config) };
  const endpoint = ownEndpoint(request, chosen.provider);
  if (endpoint !== null) return { ...base, kind: "endpoint", chosen, endpoint };
  if (shownCredential(request.headers).kind === "several") {
    return { ...base, kind: "refused", status: 400, reason: "Authorization holds more than one credential" };
  }
  return { ...base, kind: "decided", chosen, decided: decided(question, request, chosen.provider) };
}

/** The provider that a request would reach; null: no provider has its host, or the request is refused before. */
export function providerFor(config: Config, given: GivenRequest): Provider | null {
  const { kind, request } = arrive(given, networksOf(config));
  return kind === "request" ? (choose(config, request)?.provider ?? null) : null;
}

function networksOf(config: Config): readonly Network[] {
  return config.trustedProxies.map(parseNetwork).filter((network): network is Network => network !== null);
}

function choose(config: Config, { host }: InboundRequest): Chosen | null {
  const provider = providerDirectory(config.providers).choose(host);
  if (provider === null) return null;
  const hostname = parseHost(host)?.hostname;
  const isOwn = hostname === parseHost(externalHostKey(provider))?.hostname;
  return { provider, by: provider.mode === "forward_domain" && !isOwn ? "cookie_domain" : "external_host" };
}

function hostsOf(config: Config): readonly string[] {
  return config.providers.flatMap((provider) => [
    externalHostKey(provider),
    ...(provider.mode === "forward_domain" ? [`*.${provider.cookieDomain}`] : []),
  ]);
}

function ownEndpoint({ target }: InboundRequest, provider: Provider): OwnEndpoint | null {
  const judged = judgeTarget(target);
  if (dialectOf(judged.path) !== null && provider.mode !== "proxy") return "verdict";
  const endpoint = endpointOf(judged);
  return endpoint === "none" || endpoint === "flagged_callback" ? null : endpoint;
}

function decided(question: Question, request: InboundRequest, provider: Provider): ExplainedDecision {
  const { method, scheme, host, headers } = request;
  const { visitor, outpost } = question;
  const target = judgeTarget(request.target);
  const shown = shownCredential(headers);
  const decision = decide(judgedRequest(request, target), provider, unchecked(visitor, shown));
  const origin = `${scheme}://${host}`;
  return {
    searched: matchSubject(provider, origin, target),
    neverPublic: target.neverPublic,
    obstacle: obstacleOf(request, provider, shown),
    rules: traceRules(provider, { method, hostname: parseHost(host)?.hostname ?? "", target }),
    path: judgePath(provider, origin, target),
    visitor,
    is: accessBy(decision, provider),
    because: decision.because,
    ...answersTo({ decision, request, outpost }, provider),
  };
}

/** explain does not check a credential with the issuer: it counts as refused, which on a public path is the same as none. */
function unchecked(visitor: Visitor, shown: ShownCredential): Visitor {
  if (visitor.kind !== "anonymous") return visitor;
  if (shown.kind === "malformed") return { kind: "refused", scheme: shown.scheme };
  return shown.kind === "shown" ? { kind: "refused", scheme: shown.credential.kind } : visitor;
}

/** Why no login can start, as a clause; null: one can. */
function obstacleOf({ method, headers }: InboundRequest, provider: Provider, shown: ShownCredential): string | null {
  if (provider.interceptHeaderAuth) {
    if (shown.kind === "malformed") return `its ${shown.scheme} credential is malformed`;
    if (shown.kind === "shown") {
      return `it has a ${shown.credential.kind} credential, which explain does not check with the issuer`;
    }
  }
  const obstacle = navigationObstacle(method, headers);
  switch (obstacle?.kind) {
    case undefined:
      return null;
    case "method":
      return `its method is ${method}`;
    case "web_socket":
      return "it asks to become a WebSocket";
    case "header":
      return `it has ${obstacle.line[0]}: ${obstacle.line[1]}`;
  }
}
