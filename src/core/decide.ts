import { mayEnter } from "./access.ts";
import type { Identity } from "./identity.ts";
import { type JudgedTarget, judgePath } from "./judged-target.ts";
import type { Provider } from "./provider.ts";

/** Who is asking. */
export type Visitor =
  | { readonly kind: "known"; readonly identity: Identity; readonly via: "session" | "bearer" | "basic" }
  | { readonly kind: "anonymous" };

/** A request as the application would receive it: the facts that a decision may rest on, and no others. */
export interface JudgedRequest {
  readonly target: JudgedTarget;
  readonly origin: string; //                      scheme://host, normalised; counts in domain level only
  readonly isNavigation: boolean; //               may a login be started? (decision 9)
  readonly hasAuthorization: boolean; //           a non-empty Authorization header
}

export type Decision =
  | { readonly kind: "allow"; readonly identity: Identity }
  | { readonly kind: "allow_public"; readonly pattern: string } //        the rule that opened the door, for the log
  | { readonly kind: "denied"; readonly identity: Identity } //           known, but `allow` does not name them
  | { readonly kind: "login" }
  | { readonly kind: "unauthorized"; readonly reason: "not_a_navigation" | "header_auth_intercepted" };

/** The one place where it is decided who may pass. Pure and total: every request has exactly one decision. */
export function decide(request: JudgedRequest, provider: Provider, visitor: Visitor): Decision {
  if (visitor.kind === "known" && mayEnter(visitor.identity, provider.allow)) {
    return { kind: "allow", identity: visitor.identity };
  }
  const path = judgePath(provider, request.origin, request.target);
  if (path.kind === "public") return { kind: "allow_public", pattern: path.pattern };
  if (visitor.kind === "known") return { kind: "denied", identity: visitor.identity };
  if (request.hasAuthorization && provider.interceptHeaderAuth) {
    return { kind: "unauthorized", reason: "header_auth_intercepted" };
  }
  return request.isNavigation ? { kind: "login" } : { kind: "unauthorized", reason: "not_a_navigation" };
}
