import type { Decision } from "./decide.ts";

/**
 * The value of WWW-Authenticate, which a 401 must have (RFC 9110 15.5.2): a refused credential is asked for in its own scheme, and nobody
 * else for Basic, which would open a browser's password window.
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
