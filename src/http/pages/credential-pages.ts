import type { HeaderLine } from "../../core/http/header-lines.ts";
import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/** 401 for a refused credential, without the reason (M2M-09). `challenge` is the value of WWW-Authenticate. */
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
    happened: "The token or password in the Authorization header of this request is not valid here.",
    advice: "Get a new one, or sign in if this is a browser.",
    action: { kind: "link", label: "Sign in", href: facts.loginUrl },
    reference: referenceOf(facts.request),
    headers: [["www-authenticate", facts.challenge] satisfies HeaderLine],
    program: { kind: "json", extra: {} },
  };
}

/** 429: too many credentials from this address or for this user name were refused (decision 40). */
export function tooManyRefused(facts: { readonly request: PageRequest; readonly waitSeconds: number }): PageSpec {
  return {
    ...plainPage,
    status: 429,
    code: "too_many_refused",
    tone: "refused",
    title: "Too many refused credentials",
    happened: "Too many tokens or passwords from here, or for this user name, were refused within a short time.",
    advice: `Wait ${facts.waitSeconds} seconds, then use a valid one.`,
    reference: referenceOf(facts.request),
    headers: [["retry-after", String(facts.waitSeconds)] satisfies HeaderLine],
    program: { kind: "json", extra: {} },
  };
}
