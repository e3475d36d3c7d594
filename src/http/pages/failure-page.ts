import { type FailureCode, failureStatus } from "../../core/failure.ts";
import { loginDenied, loginLoop } from "./login-pages.ts";
import { type PageLink, type PageRequest, type PageSpec, plainPage, referenceOf } from "./page-spec.ts";
import { unknownHost } from "./unknown-host-page.ts";

/** What a page about a failure may know besides its code; a `Failure`'s own message is for the log and never comes here (LEAK-07). */
export interface FailureFacts {
  readonly request: PageRequest;
  readonly startUrl: string | null; //             where the login starts again; null: this page is the place to try again
  readonly issuerAnswer: IssuerAnswer | null; //   for login_denied
}

/** The error an issuer sent to the callback (RFC 6749 4.1.2.1), raw. */
export interface IssuerAnswer {
  readonly error: string;
  readonly description: string; //                 "": none
}

/** How long a program should wait before it asks again. */
const retryAfterSeconds = 10;

/** The page for each failure. */
export function failurePage(code: FailureCode, facts: FailureFacts): PageSpec {
  return pages[code](facts);
}

type Words = Pick<PageSpec, "title" | "happened" | "advice">;

/** A failure that a new login mends. */
function startAgain(code: FailureCode, words: Words): (facts: FailureFacts) => PageSpec {
  return (facts) => ({ ...troubleOf(code, words, facts), action: again("Start again", facts) });
}

/** A failure that passes: the same request may work in a moment. */
function tryAgain(code: FailureCode, words: Words): (facts: FailureFacts) => PageSpec {
  const status = failureStatus[code];
  const headers = status === 503 ? [["retry-after", String(retryAfterSeconds)] as const] : [];
  return (facts) => ({ ...troubleOf(code, words, facts), action: again("Try again", facts), headers });
}

/** A failure that asking again does not mend. */
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
    happened: "Its configuration cannot be used, so the request was stopped here.",
    advice: "Ask whoever runs this site to look at it.",
  }),
  bad_request: noWayOn("bad_request", {
    title: "This request could not be understood",
    happened: "Its method, address or headers are not in a form that is accepted here, so it was stopped.",
    advice: "Check the address for stray characters, then open it again.",
  }),
  no_provider_for_host: (facts) => unknownHost(facts.request),
  login_unknown: startAgain("login_unknown", {
    title: "This sign-in does not belong to this browser",
    happened: "It was started in another browser, or its cookie did not come back.",
    advice: "Start again from here; nothing is lost.",
  }),
  login_expired: startAgain("login_expired", {
    title: "This sign-in took too long",
    happened: "A sign-in has to be finished within 10 minutes, and this one was not.",
    advice: "Start again from here; nothing is lost.",
  }),
  login_replayed: startAgain("login_replayed", {
    title: "This sign-in was used already",
    happened: "A sign-in works once, and this one was finished before, perhaps by going back or in another tab.",
    advice: "Start again from here.",
  }),
  login_denied: (facts) => loginDenied({ ...facts, answer: facts.issuerAnswer }),
  login_loop: (facts) => loginLoop(facts),
  idp_unreachable: tryAgain("idp_unreachable", {
    title: "Signing in is not possible right now",
    happened: "The identity provider does not answer; whoever is signed in already can go on working.",
    advice: "Try again in a moment.",
  }),
  idp_misconfigured: tryAgain("idp_misconfigured", {
    title: "Signing in is not set up correctly",
    happened: "What the identity provider says about itself does not fit the settings of this site.",
    advice: "Ask whoever runs this site to look at it; whoever is signed in already can go on working.",
  }),
  idp_rejected_code: startAgain("idp_rejected_code", {
    title: "The identity provider did not confirm this sign-in",
    happened: "It refused to exchange the code that this browser came back with, so you are not signed in.",
    advice: "Start again; if this page comes back, ask whoever runs this site.",
  }),
  idp_token_invalid: startAgain("idp_token_invalid", {
    title: "This sign-in could not be verified",
    happened: "The identity provider's answer did not pass the checks, so you are not signed in.",
    advice: "Start again; if this page comes back, ask whoever runs this site.",
  }),
  store_unavailable: tryAgain("store_unavailable", {
    title: "Sessions are not available right now",
    happened: "Without them nobody can be recognised, so nobody is let in.",
    advice: "Try again in a moment.",
  }),
  overloaded: tryAgain("overloaded", {
    title: "This site is busy right now",
    happened: "It holds as many connections as it can, so this one was not taken.",
    advice: "Try again in a moment.",
  }),
  upstream_refused: noWayOn("upstream_refused", {
    title: "The application cannot be opened for you",
    happened: "The place that is set for you to be sent to is not one this site may send requests to.",
    advice: "Ask whoever runs this site to look at it.",
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
    title: "This request cannot be passed on",
    happened: "It has a form that cannot be handed to the application unchanged, so it was stopped here.",
    advice: "Ask whoever runs this site if you need it.",
  }),
  internal: tryAgain("internal", {
    title: "Something went wrong here",
    happened: "An unexpected error stopped this request before an answer was complete.",
    advice: "Try again; if it happens again, ask whoever runs this site.",
  }),
};
