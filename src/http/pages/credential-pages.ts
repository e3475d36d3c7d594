import type { HeaderLine } from "../../core/http/header-lines.ts";
import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/** 401 for a credential that was shown and is not good; it says nothing of why (M2M-09). `challenge` is the value of WWW-Authenticate. */
export function credentialRefused(facts: {
  readonly request: PageRequest;
  readonly loginUrl: string;
  readonly challenge: string;
}): PageSpec {
  return {
    ...plainPage,
    status: 401,
    code: "credential_refused",
    tone: "refused",
    title: "The credential was not accepted",
    happened: "This request shows a token or a password in its Authorization header, and it is not good here.",
    advice: "Get a new one; or sign in, if this is a browser.",
    action: { kind: "link", label: "Sign in", href: facts.loginUrl },
    reference: referenceOf(facts.request),
    headers: [["www-authenticate", facts.challenge] satisfies HeaderLine],
    program: { kind: "json", extra: {} },
  };
}

/** 429: too many credentials of this address or user name were refused (decision 40). */
export function tooManyRefused(facts: { readonly request: PageRequest; readonly waitSeconds: number }): PageSpec {
  return {
    ...plainPage,
    status: 429,
    code: "too_many_refused",
    tone: "refused",
    title: "Too many refused credentials",
    happened: "Too many tokens or passwords from here, or for this user name, were refused within a short time.",
    advice: `Wait ${facts.waitSeconds} seconds, then use one that is good.`,
    reference: referenceOf(facts.request),
    headers: [["retry-after", String(facts.waitSeconds)] satisfies HeaderLine],
    program: { kind: "json", extra: {} },
  };
}
