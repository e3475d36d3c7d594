import type { Identity } from "../core/identity.ts";

/** What a started login must remember to check its answer. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * The issuer of one provider. Methods throw `Failure` with idp_unreachable (no answer, 5xx, timeout), idp_misconfigured
 * (issuer mismatch, no usable endpoint, our client refused), idp_rejected_code (the code or the callback was refused),
 * login_denied (the callback says access_denied) or idp_token_invalid.
 */
export interface IdentityProvider {
  /** The authorization request's URL (OIDC Core 3.1.2.1) with PKCE S256, state and nonce. */
  authorizationUrl(
    login: LoginChecks & { readonly redirectUri: string; readonly prompt: string | null },
  ): Promise<string>;
  /** Redeems the code of `callback` (the full redirect URI with its query as it came back) and verifies the id_token. */
  redeem(callback: URL, expected: LoginChecks): Promise<Identity>;
  /** RP-initiated logout (OIDC RP-Initiated Logout 1.0); null when the issuer has no end_session_endpoint. */
  endSessionUrl(idToken: string): Promise<string | null>;
  /** The issuer's jwks_uri for X-authentik-meta-jwks; "" while discovery has not succeeded. Never waits. */
  jwksUri(): string;
  /** Has discovery succeeded? What stopped it the last time, for /readyz and the log. Never waits. */
  status(): { readonly ready: boolean; readonly lastError: string | null };
  /** Starts discovery in the background when it has not succeeded yet. Never waits, never throws: `status` tells what came of it. */
  warmUp(): void;
}
