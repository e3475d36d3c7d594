import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/**
 * Asks for a confirmation when another site or a subresource requests a sign-out (OUT-01). `action` is the path to POST to. `targets` are
 * the CSP sources that the answer may redirect to: the origin of the issuer's end_session endpoint, or `https:` when that redirects again.
 */
export function signOutConfirm(facts: {
  readonly request: PageRequest;
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly targets: readonly string[];
}): PageSpec {
  return {
    ...plainPage,
    status: 200,
    code: "sign_out_confirm",
    tone: "question",
    title: "Sign out?",
    happened: "Another page asked to sign you out.",
    advice: "This ends your sessions in every application here and in every browser you use.",
    action: { kind: "post", label: "Sign out", href: facts.action, fields: facts.fields, targets: facts.targets },
    alternative: { label: "Stay signed in", href: "/" },
    reference: referenceOf(facts.request),
  };
}

/** After a sign-out, or when there was no session (decision 28). */
export function signedOut(facts: { readonly request: PageRequest; readonly startUrl: string }): PageSpec {
  return {
    ...plainPage,
    status: 200,
    code: "signed_out",
    tone: "done",
    title: "You are signed out",
    happened: "No session of yours is left in this browser.",
    advice: "On a shared computer, close the browser too.",
    action: { kind: "link", label: "Sign in again", href: facts.startUrl },
    reference: referenceOf(facts.request),
  };
}
