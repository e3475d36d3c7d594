import { type FailureCode, failureStatus } from "../../core/failure.ts";
import { loginDenied, loginLoop } from "./login-pages.ts";
import { unknownHost } from "./not-found-pages.ts";
import { type PageLink, type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";

/** What a failure's page may show besides its code. A `Failure`'s own message is for the log and never reaches the page (LEAK-07). */
export interface FailureFacts {
  readonly request: PageRequest;
  readonly startUrl: string | null; //             where the login starts again; null: reloading this page tries again
  readonly issuerAnswer: IssuerAnswer | null; //   for login_denied
}

/** The error that an issuer sent to the callback (RFC 6749 4.1.2.1), raw. */
export interface IssuerAnswer {
  readonly error: string;
  readonly description: string; //                 "": none
}

/** How long a program should wait before it tries again. */
const retryAfterSeconds = 10;

/** The page for each failure. */
export function failurePage(code: FailureCode, facts: FailureFacts): PageSpec {
  return pages[code](facts);
}

type Words = Pick<PageSpec, "title" | "happened" | "advice">;

/** A failure that a new login repairs. */
function startAgain(code: FailureCode, words: Words): (facts: FailureFacts) => PageSpec {
  return (facts) => ({ ...troubleOf(code, words, facts), action: again("Start again", facts) });
}

/** A temporary failure: the same request may work in a moment. */
function tryAgain(code: FailureCode, words: Words): (facts: FailureFacts) => PageSpec {
  const status = failureStatus[code];
  const headers = status === 503 ? [["retry-after", String(retryAfterSeconds)] as const] : [];
  return (facts) => ({ ...troubleOf(code, words, facts), action: again("Try again", facts), headers });
}

/** A failure that a second attempt does not repair. */
function noWayOn(code: FailureCode, words: Words): (facts: FailureFacts) => PageSpec {
  return (facts) => troubleOf(code, words, facts);
}

function troubleOf(code: FailureCode, words: Words, facts: FailureFacts): PageSpec {
  return {
    ...plainPage,
    ...words,
    status: failureStatus[code],
    code,
    tone: "trouble",
    reference: referenceOf(facts.request),
  };
}

function again(label: string, facts: FailureFacts): { readonly kind: "link" } & PageLink {
  return { kind: "link", label, href: facts.startUrl ?? "" };
}

const pages: Readonly<Record<FailureCode, (facts: FailureFacts) => PageSpec>> = {
  config_unusable: noWayOn("config_unusable", {
    title: "This site is not set up correctly",
    happened: "Its configuration cannot be used, so the request was refused.",
    advice: "Ask the administrator of this site to look at it.",
  }),
  bad_request: noWayOn("bad_request", {
    title: "This request could not be understood",
    happened: "Its method, address or headers have a form that this site does not accept.",
    advice: "Check the address for stray characters, then open it again.",
  }),
  no_provider_for_host: (facts) => unknownHost(facts.request),
  login_unknown: startAgain("login_unknown", {
    title: "This sign-in does not belong to this browser",
    happened: "It was started in another browser, or this browser did not return its cookie.",
    advice: "Start again from here; nothing is lost.",
  }),
  login_expired: startAgain("login_expired", {
    title: "This sign-in took too long",
    happened: "A sign-in must be finished within 10 minutes, and this one was not.",
    advice: "Start again from here; nothing is lost.",
  }),
  login_denied: (facts) => loginDenied({ ...facts, answer: facts.issuerAnswer }),
  login_loop: (facts) => loginLoop(facts),
  idp_unreachable: tryAgain("idp_unreachable", {
    title: "Signing in is not possible right now",
    happened: "The identity provider does not answer; users who are signed in already can go on working.",
    advice: "Try again in a moment.",
  }),
  idp_misconfigured: tryAgain("idp_misconfigured", {
    title: "Signing in is not set up correctly",
    happened: "The identity provider's description of itself does not match the settings of this site.",
    advice: "Ask the administrator of this site to look at it; users who are signed in already can go on working.",
  }),
  idp_rejected_code: startAgain("idp_rejected_code", {
    title: "The identity provider did not confirm this sign-in",
    happened: "It did not accept the code that this browser brought back, so you are not signed in.",
    advice: "Start again; if this page comes back, ask the administrator of this site.",
  }),
  idp_token_invalid: startAgain("idp_token_invalid", {
    title: "This sign-in could not be verified",
    happened: "The identity provider's answer did not pass the checks, so you are not signed in.",
    advice: "Start again; if this page comes back, ask the administrator of this site.",
  }),
  store_unavailable: tryAgain("store_unavailable", {
    title: "Sessions are not available right now",
    happened: "Without them this site cannot recognise a user, so it lets nobody in.",
    advice: "Try again in a moment.",
  }),
  overloaded: tryAgain("overloaded", {
    title: "This site is busy right now",
    happened: "It has as many open connections as it can handle, so it refused this one.",
    advice: "Try again in a moment.",
  }),
  upstream_refused: noWayOn("upstream_refused", {
    title: "The application cannot be opened for you",
    happened: "Your account is assigned to a server that this site is not allowed to contact.",
    advice: "Ask the administrator of this site to look at it.",
  }),
  upstream_unreachable: tryAgain("upstream_unreachable", {
    title: "The application does not answer",
    happened: "The request was let through, but the application behind this address could not be reached.",
    advice: "Try again in a moment; you stay signed in.",
  }),
  upstream_timeout: tryAgain("upstream_timeout", {
    title: "The application takes too long",
    happened: "The request was let through, but the application did not begin to answer in time.",
    advice: "Try again in a moment; if you were saving something, check first whether it arrived.",
  }),
  upstream_not_carried: noWayOn("upstream_not_carried", {
    title: "This request cannot be forwarded",
    happened: "It cannot be forwarded to the application unchanged, so it was refused.",
    advice: "Ask the administrator of this site if you need it.",
  }),
  internal: tryAgain("internal", {
    title: "Something went wrong here",
    happened: "An unexpected error stopped this request before an answer was complete.",
    advice: "Try again; if it happens again, ask the administrator of this site.",
  }),
};
