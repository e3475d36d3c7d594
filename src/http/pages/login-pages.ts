import { failureStatus } from "../../core/failure.ts";
import type { HeaderLine } from "../../core/http/header-lines.ts";
import { type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";
import { shownValue } from "./shown-value.ts";

const nameLimit = 120;
const descriptionLimit = 300;

/** The issuer sent the browser back with an error instead of a code (RFC 6749 4.1.2.1). */
export function loginDenied(facts: {
  readonly request: PageRequest;
  readonly startUrl: string | null;
  readonly answer: { readonly error: string; readonly description: string } | null;
}): PageSpec {
  const { error, description } = facts.answer ?? { error: "", description: "" };
  return {
    ...plainPage,
    status: failureStatus.login_denied,
    code: "login_denied",
    tone: "refused",
    title: "You were not signed in",
    happened: "The identity provider ended the sign-in without letting you through.",
    advice: "Try again, or use another account; if that does not help, ask the administrator of the identity provider.",
    facts: [
      { label: "Its answer", value: shownValue(error, nameLimit) },
      { label: "Its reason", value: shownValue(description, descriptionLimit) },
    ].filter(({ value }) => value !== ""),
    action: { kind: "link", label: "Try again", href: facts.startUrl ?? "" },
    reference: referenceOf(facts.request),
    program: {
      kind: "by_accept",
      extra: {
        issuer_error: shownValue(error, nameLimit),
        issuer_error_description: shownValue(description, descriptionLimit),
      },
    },
  };
}

/** Several logins in a row brought no session back: shows the probable causes instead of another redirect (decision 10). */
export function loginLoop(facts: { readonly request: PageRequest; readonly startUrl: string | null }): PageSpec {
  return {
    ...plainPage,
    status: failureStatus.login_loop,
    code: "login_loop",
    tone: "trouble",
    title: "Signing in goes round in circles",
    happened: "You were signed in 4 times within a minute, but the session did not come back with the next request.",
    advice: "If you run this site, look for one of these causes; the likeliest comes first.",
    causes: [
      "The browser did not return the cookie: cookies are blocked here, or a proxy in front removes Cookie or Set-Cookie.",
      "The cookie is Secure, because external_host is https, but the page was opened over http.",
      "The page was opened under a host that external_host or cookie_domain does not cover.",
      "The clock of this server is wrong, so a new session expires at once.",
    ],
    action: { kind: "link", label: "Try again", href: facts.startUrl ?? "" },
    reference: referenceOf(facts.request),
  };
}

/** A fact from the identity provider that may explain why a user is refused. */
export type DeniedRemark = "groups_left_out" | "email_not_verified";

const remarkTexts: Readonly<Record<DeniedRemark, { readonly label: string; readonly value: string }>> = {
  groups_left_out: {
    label: "Groups",
    value: "left out by the identity provider, because they are too many for a token",
  },
  email_not_verified: { label: "Email address", value: "not verified by the identity provider" },
};

/** A user whom `allow` or a rule does not let in. `switchUrl` starts a login that asks which account to use. */
export function notAllowed(facts: {
  readonly request: PageRequest;
  readonly username: string;
  readonly email: string; //                       "": none
  readonly application: string; //                 the provider's name
  readonly remarks: readonly DeniedRemark[];
  readonly switchUrl: string;
}): PageSpec {
  const username = shownValue(facts.username, nameLimit);
  const email = shownValue(facts.email, nameLimit);
  return {
    ...refusedPage(facts),
    title: "You have no access to this application",
    happened: "You are signed in, but this account may not enter.",
    advice: "Ask the administrator of the application for access, or use another account.",
    facts: [
      { label: "Signed in as", value: email === "" || email === username ? username : `${username} (${email})` },
      { label: "Application", value: shownValue(facts.application, nameLimit) },
      ...facts.remarks.map((remark) => remarkTexts[remark]),
    ],
    action: { kind: "link", label: "Use another account", href: facts.switchUrl },
  };
}

/** An address that a rule closes to every user. */
export function closedToAll(facts: { readonly request: PageRequest; readonly application: string }): PageSpec {
  return {
    ...refusedPage(facts),
    title: "This address is closed",
    happened: "No account may open it.",
    advice: "Ask the administrator of the application if you need it.",
    facts: [{ label: "Application", value: shownValue(facts.application, nameLimit) }],
  };
}

function refusedPage({ request }: { readonly request: PageRequest }) {
  const reference = referenceOf(request);
  return { ...plainPage, status: 403, code: "not_allowed", tone: "refused", reference } as const;
}

/**
 * 401 for a request that is not a navigation (decision 9). Programs get JSON with the login's URL, browsers a page. `challenges` are the
 * values of WWW-Authenticate, which a 401 must have (RFC 9110 15.5.2).
 */
export function loginRequired(facts: {
  readonly request: PageRequest;
  readonly loginUrl: string;
  readonly challenges: readonly string[];
}): PageSpec {
  return {
    ...plainPage,
    status: 401,
    code: "login_required",
    tone: "question",
    title: "You need to sign in",
    happened: "This request has no session, and it cannot be redirected to a sign-in page.",
    advice: "Sign in, then do it again.",
    action: { kind: "link", label: "Sign in", href: facts.loginUrl },
    reference: referenceOf(facts.request),
    headers: facts.challenges.map((challenge): HeaderLine => ["www-authenticate", challenge]),
    program: { kind: "json", extra: { login_url: facts.loginUrl } },
  };
}
