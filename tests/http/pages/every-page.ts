import { type FailureCode, failureStatus } from "../../../src/core/failure.ts";
import { credentialRefused, tooManyRefused } from "../../../src/http/pages/credential-pages.ts";
import { failurePage } from "../../../src/http/pages/failure-page.ts";
import { closedToAll, loginRequired, notAllowed } from "../../../src/http/pages/login-pages.ts";
import { notFound } from "../../../src/http/pages/not-found-pages.ts";
import type { PageRequest, PageSpec } from "../../../src/http/pages/page-spec.ts";
import { signedOut, signOutConfirm } from "../../../src/http/pages/sign-out-pages.ts";

/** A request as pages see it. */
export const request: PageRequest = {
  id: "req-1",
  host: "app.company",
  hostSource: "Host",
  peerIsTrusted: false,
  time: 1_795_500_000,
};
/** Where a login starts again. */
export const startUrl = "/outpost.goauthentik.io/start";
/** Every failure code. */
// The keys of a Record<FailureCode, …>, which Object.keys widens to string.
export const codes = Object.keys(failureStatus) as FailureCode[];

/** Every page there is, with `value` wherever a page shows text from outside. */
export function everyPage(value: string): readonly (readonly [name: string, spec: PageSpec])[] {
  const hostile: PageRequest = { ...request, id: value, host: value };
  const facts = { request: hostile, startUrl: value, issuerAnswer: { error: value, description: value } };
  return [
    ...codes.map((code) => [code, failurePage(code, facts)] as const),
    [
      "not_allowed",
      notAllowed({
        request: hostile,
        username: value,
        email: `m${value}`,
        application: value,
        remarks: [],
        switchUrl: value,
      }),
    ],
    ["closed_to_all", closedToAll({ request: hostile, application: value })],
    ["credential_refused", credentialRefused({ request: hostile, loginUrl: value, challenge: "Bearer" })],
    ["too_many_refused", tooManyRefused({ request: hostile, waitSeconds: 3 })],
    ["login_required", loginRequired({ request: hostile, loginUrl: value, challenges: ["Bearer"] })],
    [
      "sign_out_confirm",
      signOutConfirm({ request: hostile, action: "/out", fields: [[value, value]], targets: [value] }),
    ],
    ["signed_out", signedOut({ request: hostile, startUrl: value })],
    ["not_found", notFound(hostile)],
  ];
}

/** The first value of `name` in the headers of a page. */
export function header(headers: readonly (readonly [string, string])[], name: string): string | null {
  return headers.find(([headerName]) => headerName === name)?.[1] ?? null;
}
