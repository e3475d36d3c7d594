import type { CredentialScheme } from "../http/header-credential.ts";
import { parseHost } from "../http/host.ts";
import { type JudgedTarget, judgePath, type PathVerdict } from "../http/judged-target.ts";
import { isNavigation } from "../http/navigation.ts";
import type { Identity } from "../identity.ts";
import type { Provider } from "../provider.ts";
import type { InboundRequest } from "../request.ts";
import { mayEnter } from "./access.ts";
import { type MatchedRule, rulesFor } from "./rules.ts";

/** Who makes the request. */
export type Visitor =
  | { readonly kind: "known"; readonly identity: Identity; readonly via: "session" | "bearer" | "basic" }
  | { readonly kind: "refused"; readonly scheme: CredentialScheme } // a credential was sent, and is not valid
  | { readonly kind: "anonymous" };

/** The facts of a request that a decision may rest on, and no others. */
export interface JudgedRequest {
  readonly method: string; //                      "": the reverse proxy does not name it
  readonly scheme: "http" | "https";
  readonly host: string; //                        as InboundRequest.host
  readonly target: JudgedTarget;
  readonly isNavigation: boolean; //               may a login be started? (decision 9)
}

/** The facts of a request, with the target that was judged. */
export function judgedRequest(
  { method, scheme, host, headers }: Pick<InboundRequest, "method" | "scheme" | "host" | "headers">,
  target: JudgedTarget,
): JudgedRequest {
  return { method, scheme, host, target, isNavigation: isNavigation(method, headers) };
}

/** The line of the config that a decision rests on, for log and `explain`. */
export type Because =
  | { readonly kind: "rule"; readonly number: number } //                                  rules, counted from 1
  | { readonly kind: "skip_path_regex"; readonly pattern: string }
  | { readonly kind: "protect_path_regex"; readonly pattern: string }
  | { readonly kind: "never_public"; readonly pattern: string; readonly reason: string } // a public pattern matched, but
  | { readonly kind: "allow" } //                                                          the provider's allow
  | { readonly kind: "no_rule" }; //                                                       no line of the config is about the request

/** Every decision with its reason. */
export type Decision = Verdict & { readonly because: Because };

type Verdict =
  | { readonly kind: "allow"; readonly identity: Identity }
  | { readonly kind: "allow_public" } //                                  as an anonymous request
  | { readonly kind: "denied"; readonly identity: Identity | null } //    null: a rule denies every user
  | { readonly kind: "login" }
  | Unauthorized;

type Unauthorized =
  | { readonly kind: "unauthorized"; readonly reason: "not_a_navigation" }
  | { readonly kind: "unauthorized"; readonly reason: "header_auth_intercepted"; readonly scheme: CredentialScheme };

/**
 * Decides who may enter, in this one place. Pure and total: every request has exactly one decision. The rules come first; where none certainly
 * matches, the public paths decide, and then `allow`.
 */
export function decide(request: JudgedRequest, provider: Provider, visitor: Visitor): Decision {
  if (provider.rules.length === 0) return decideWithoutRules(request, provider, visitor);
  const hostname = parseHost(request.host)?.hostname ?? "";
  const { rules, isFinal } = rulesFor(provider.rules, { method: request.method, hostname, target: request.target });
  for (const rule of rules) {
    const because: Because = { kind: "rule", number: rule.number };
    if (rule.access.kind === "public") return open(provider, visitor, because);
    const refusal = refusalByRule(request, provider, visitor, rule);
    if (refusal !== null) return { ...refusal, because };
  }
  const last = rules.at(-1);
  if (isFinal && last !== undefined && visitor.kind === "known") {
    return { kind: "allow", identity: visitor.identity, because: { kind: "rule", number: last.number } };
  }
  return decideWithoutRules(request, provider, visitor);
}

function decideWithoutRules(request: JudgedRequest, provider: Provider, visitor: Visitor): Decision {
  const path = pathVerdict(request, provider);
  if (path.kind === "public") return open(provider, visitor, { kind: "skip_path_regex", pattern: path.pattern });
  if (visitor.kind === "known") {
    const because = provider.allow === null ? noRule : byAllow;
    const { identity } = visitor;
    return mayEnter(identity, provider.allow)
      ? { kind: "allow", identity, because }
      : { kind: "denied", identity, because };
  }
  return { ...loginNeeded(request, provider, visitor), because: loginBecause(path) };
}

const noRule: Because = { kind: "no_rule" };
const byAllow: Because = { kind: "allow" };
const unmatched: PathVerdict = { kind: "unmatched" };

function pathVerdict(request: JudgedRequest, provider: Provider): PathVerdict {
  if (provider.skipPaths.patterns.length === 0) return unmatched;
  return judgePath(provider, `${request.scheme}://${request.host}`, request.target);
}

/** A public path: a user who may enter anyway is known to the application, every other request is anonymous. */
function open(provider: Provider, visitor: Visitor, because: Because): Decision {
  return visitor.kind === "known" && mayEnter(visitor.identity, provider.allow)
    ? { kind: "allow", identity: visitor.identity, because }
    : { kind: "allow_public", because };
}

/** Null: the rule does not refuse this visitor. */
function refusalByRule(
  request: JudgedRequest,
  provider: Provider,
  visitor: Visitor,
  { access }: MatchedRule,
): Verdict | null {
  if (access.kind === "deny") return { kind: "denied", identity: visitor.kind === "known" ? visitor.identity : null };
  if (visitor.kind !== "known") return loginNeeded(request, provider, visitor);
  const { identity } = visitor;
  return access.kind === "allow" && !mayEnter(identity, access.allow) ? { kind: "denied", identity } : null;
}

/**
 * differs from authentik: an Authorization of a scheme that akproxy does not know does not prevent a login, because it belongs to the
 * application; and a refused credential gets its 401 in forward auth, too.
 */
function loginNeeded(
  request: JudgedRequest,
  provider: Provider,
  visitor: Exclude<Visitor, { readonly kind: "known" }>,
): Verdict {
  if (visitor.kind === "refused" && provider.interceptHeaderAuth) {
    return { kind: "unauthorized", reason: "header_auth_intercepted", scheme: visitor.scheme };
  }
  return request.isNavigation ? { kind: "login" } : { kind: "unauthorized", reason: "not_a_navigation" };
}

function loginBecause(path: Exclude<PathVerdict, { readonly kind: "public" }>): Because {
  switch (path.kind) {
    case "protected":
      return { kind: "protect_path_regex", pattern: path.pattern };
    case "never_public":
      return { kind: "never_public", pattern: path.pattern, reason: path.reason };
    case "unmatched":
      return noRule;
  }
}

/**
 * The value of WWW-Authenticate, which a 401 must have (RFC 9110 15.5.2). A refused credential gets a challenge of its own scheme. No other
 * request gets a Basic challenge, because a browser would ask for a password.
 */
export function challengeOf(decision: Extract<Decision, { readonly kind: "unauthorized" }>, realm: string): string {
  if (decision.reason === "not_a_navigation") return `Bearer realm="${realm}"`;
  switch (decision.scheme) {
    case "bearer":
      return `Bearer realm="${realm}", error="invalid_token"`; // RFC 6750 3.1
    case "basic":
      return `Basic realm="${realm}", charset="UTF-8"`; // RFC 7617 2.1
  }
}
