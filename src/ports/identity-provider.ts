import type { Failure } from "../core/failure.ts";
import type { HeaderCredential } from "../core/http/header-credential.ts";
import type { Identity } from "../core/identity.ts";

/** The values that a started login must keep to check the answer of the issuer. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** The result of a login. */
export interface SignedIn {
  readonly identity: Identity;
  readonly grant: RefreshGrant | null; //          null: the issuer gave no refresh token
}

/** The right to refresh the claims at the issuer. `token` is a secret: it is written into the sealed body of a session and nowhere else. */
export interface RefreshGrant {
  readonly token: string;
  readonly accessSeconds: number | null; //        lifetime of the access token that came with it; null: unknown
}

/** The result of a refresh (decision 19). */
export type Refreshed =
  | { readonly kind: "fresh"; readonly identity: Identity; readonly grant: RefreshGrant }
  /** The issuer says that the login has ended, or answers with another user (OIDC-14). */
  | { readonly kind: "ended"; readonly reason: string }
  /** The refresh failed. `grant` is the new one when the issuer replaced it nevertheless: the old one is used up. */
  | { readonly kind: "unknown"; readonly failure: Failure; readonly grant: RefreshGrant | null };

/** The issuer's answer about a credential that a program sent. */
export type Authenticated =
  /** `expiresAt`: epoch seconds; null: the issuer does not say. */
  | { readonly kind: "known"; readonly identity: Identity; readonly expiresAt: number | null }
  /** `reason` is for the log and contains no part of the credential. */
  | { readonly kind: "refused"; readonly reason: string };

/** The contents of a logout token (OIDC Back-Channel Logout 1.0 section 2.4); at least one of idpSession and subject is not null. */
export interface LogoutNotice {
  readonly issuer: string;
  readonly idpSession: string | null; //           `sid`
  readonly subject: string | null; //              `sub`
  readonly tokenId: string; //                     `jti`
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
  redeem(callback: URL, expected: LoginChecks): Promise<SignedIn>;
  /** Reads the current claims of `identity` from the issuer (OIDC Core 12). Never throws. */
  refresh(identity: Identity, refreshToken: string): Promise<Refreshed>;
  /** Asks the issuer for the user of a credential (outpost behaviour 10). Throws only idp_unreachable and idp_misconfigured. */
  authenticate(credential: HeaderCredential): Promise<Authenticated>;
  /** Verifies a logout token for this provider's client (OUT-03). */
  readLogoutToken(token: string): Promise<LogoutNotice>;
  /** RP-initiated logout (OIDC RP-Initiated Logout 1.0); null when the issuer has no end_session_endpoint. */
  endSessionUrl(idToken: string): Promise<string | null>;
  /** The issuer's jwks_uri for X-authentik-meta-jwks; "" while discovery has not succeeded. Never waits. */
  jwksUri(): string;
  /** Has discovery succeeded? If not, the last error, for /readyz and the log. Never waits. */
  status(): { readonly ready: boolean; readonly lastError: string | null };
  /** Starts discovery in the background when it has not succeeded yet. Never waits and never throws: `status` has the result. */
  warmUp(): void;
}
