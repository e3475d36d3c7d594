import type { Identity } from "../identity.ts";
import type { Allow } from "../provider.ts";

/**
 * May this user enter, by the provider's `allow`? One entry that matches is enough; without `allow` every user may enter. An empty entry
 * (an unset variable in the config) matches no user. An e-mail address that the issuer calls unverified never matches, because the user may
 * have invented it (OIDC-13).
 */
export function mayEnter(identity: Identity, allow: Allow | null): boolean {
  if (allow === null) return true;
  if (allow.groups.some((group) => identity.groups.includes(group))) return true;
  if (identity.username !== "" && allow.users.includes(identity.username)) return true;
  if (hasClaim(identity, allow)) return true;
  const email = identity.email.toLowerCase();
  if (email === "" || identity.emailVerified === false) return false;
  if (allow.emails.some((allowed) => allowed.toLowerCase() === email)) return true;
  const domain = domainOf(email);
  return domain !== "" && allow.emailDomains.some((allowed) => allowed.toLowerCase() === domain);
}

/** Does a claim have one of the values that `allow.claims` lists for it? A list has each of its items. */
function hasClaim(identity: Identity, allow: Allow): boolean {
  return Object.entries(allow.claims).some(([name, wanted]) => {
    const values = Object.hasOwn(identity.claims, name) ? (identity.claims[name] ?? []) : [];
    return wanted.some((value) => value !== "" && values.includes(value));
  });
}

/** The domain of an address with exactly one `@`; else "", so that `a@evil.test@corp.test` has no domain (OIDC-13). */
function domainOf(email: string): string {
  const parts = email.split("@");
  return parts.length === 2 ? (parts[1] ?? "") : "";
}
