import type { Identity } from "../identity.ts";
import type { Allow } from "../provider.ts";

/**
 * Does the provider's `allow` let this person in? Any one entry that matches is enough; no `allow` lets everybody in. An empty entry
 * (an unset variable in the config) matches nobody. An address of which the issuer says that it is not verified is nobody's: its
 * holder may have made it up (OIDC-13).
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

/** Is one of the values that `allow.claims` lists for a claim the claim's, or one of its values when it is a list? */
function hasClaim(identity: Identity, allow: Allow): boolean {
  return Object.entries(allow.claims).some(([name, wanted]) => {
    const values = Object.hasOwn(identity.claims, name) ? (identity.claims[name] ?? []) : [];
    return wanted.some((value) => value !== "" && values.includes(value));
  });
}

/** The domain of an address with exactly one `@`; "" otherwise, so that `a@evil.test@corp.test` belongs to no domain (OIDC-13). */
function domainOf(email: string): string {
  const parts = email.split("@");
  return parts.length === 2 ? (parts[1] ?? "") : "";
}
