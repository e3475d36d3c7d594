import type { CookieScope } from "../provider.ts";

/** A login that a browser has started and not finished, stored in a sealed cookie of that browser (decision 10). Epoch seconds. */
export interface LoginAttempt {
  readonly providerSlug: string;
  readonly state: string; //                       256 random bits, base64url; carries nothing
  readonly nonce: string;
  readonly codeVerifier: string; //                PKCE
  readonly returnTo: string; //                    URL after the login, already judged
  readonly startedAt: number;
  readonly expiresAt: number;
}

/** The time that a login may take. */
export const loginAttemptSeconds = 600;

/** The most unfinished logins of one provider in a browser; the oldest are dropped. */
export const loginAttemptLimit = 8;

/** The number of characters of the state's digest in the cookie's name. */
const digestLength = 12;

/**
 * The name of the cookie of one attempt: the provider's cookie name, `_login_`, the start in base 36, and the beginning of the
 * state's digest (base64url), so a callback finds its attempt by its `state`, and the oldest is known without opening one.
 */
export function loginCookieName(scope: CookieScope, startedAt: number, stateDigest: string): string {
  return `${scope.name}_login_${Math.floor(startedAt).toString(36)}_${shortDigest(stateDigest)}`;
}

/** The part of a state's digest that names its cookie, and that its seal is bound to. */
export function shortDigest(stateDigest: string): string {
  return stateDigest.slice(0, digestLength);
}

/** The facts in the name of a login cookie; null: it is not the name of an attempt at this scope. */
export function parseLoginCookieName(
  name: string,
  scope: CookieScope,
): { readonly startedAt: number; readonly shortDigest: string } | null {
  const prefix = `${scope.name}_login_`;
  if (!name.startsWith(prefix)) return null;
  const parts = /^([0-9a-z]{1,10})_([A-Za-z0-9_-]{12})$/.exec(name.slice(prefix.length));
  if (parts?.[1] === undefined || parts[2] === undefined) return null;
  return { startedAt: Number.parseInt(parts[1], 36), shortDigest: parts[2] };
}

/** The names that may hold the attempt of this state: one, unless another site planted a cookie. */
export function loginCookiesOf(
  cookieNames: readonly string[],
  scope: CookieScope,
  stateDigest: string,
): readonly string[] {
  const wanted = shortDigest(stateDigest);
  return cookieNames.filter((name) => parseLoginCookieName(name, scope)?.shortDigest === wanted);
}

/** The names of the attempts to drop at this scope so that at most `keep` stay, oldest first. */
export function loginCookiesToDrop(
  cookieNames: readonly string[],
  scope: CookieScope,
  keep: number = loginAttemptLimit - 1,
): readonly string[] {
  const attempts = [...new Set(cookieNames)].flatMap((name) => {
    const parsed = parseLoginCookieName(name, scope);
    return parsed === null ? [] : [{ name, startedAt: parsed.startedAt }];
  });
  attempts.sort((a, b) => a.startedAt - b.startedAt);
  return attempts.slice(0, Math.max(0, attempts.length - keep)).map((attempt) => attempt.name);
}
