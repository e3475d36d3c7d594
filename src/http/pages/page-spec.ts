import type { FailureCode } from "../../core/failure.ts";
import type { HeaderLines } from "../../core/http/header-lines.ts";
import type { InboundRequest } from "../../core/request.ts";

/** The content of a page, before its form is known. Values are raw: the forms escape them. */
export interface PageSpec {
  readonly status: number;
  readonly code: PageCode;
  readonly tone: PageTone;
  readonly title: string;
  readonly happened: string; //                    one sentence
  readonly advice: string; //                      one sentence: what to do now
  readonly facts: readonly PageFact[];
  readonly causes: readonly string[]; //           probable causes, likeliest first
  readonly action: PageAction | null; //           the one thing to do
  readonly alternative: PageLink | null;
  readonly reference: PageReference;
  readonly headers: HeaderLines; //                besides those of every page
  readonly program: ProgramForm;
}

/** The stable word on a page: a failure's code, or the name of an outcome that is not a failure. */
export type PageCode =
  | FailureCode
  | "not_allowed"
  | "login_required"
  | "credential_refused"
  | "too_many_refused"
  | "sign_out_confirm"
  | "signed_out"
  | "not_found";

/** Colour and glyph of a page's mark. */
export type PageTone = "trouble" | "refused" | "question" | "done";

export interface PageFact {
  readonly label: string;
  readonly value: string;
}

export interface PageLink {
  readonly label: string;
  readonly href: string; //                        "": this page again; else a path, http: or https:
}

export type PageAction =
  | ({ readonly kind: "link" } & PageLink)
  | {
      readonly kind: "post";
      readonly label: string;
      readonly href: string;
      readonly fields: readonly (readonly [name: string, value: string])[];
      readonly targets: readonly string[]; //      CSP form-action sources besides 'self': the targets of the answer's redirects
    };

/** What a user quotes when asking for help. */
export interface PageReference {
  readonly requestId: string;
  readonly time: number; //                        seconds since the epoch
}

/** What a program gets instead of the page. */
export type ProgramForm =
  | { readonly kind: "by_accept"; readonly extra: Readonly<Record<string, string>> } //   akproxy's JSON, or plain text
  | { readonly kind: "json"; readonly extra: Readonly<Record<string, string>> } //        akproxy's JSON, also where the client wants text
  | { readonly kind: "authentik"; readonly members: Readonly<Record<string, string>> }; // authentik's JSON, as it is

/** The facts of a request that a page may show. */
export type PageRequest = Pick<InboundRequest, "id" | "host" | "hostSource" | "peerIsTrusted"> & {
  readonly time: number; //                        seconds since the epoch
};

/** The parts that most pages leave out. Spread first, then overwritten. */
export const plainPage = {
  facts: [],
  causes: [],
  action: null,
  alternative: null,
  headers: [],
  program: { kind: "by_accept", extra: {} },
} as const satisfies Partial<PageSpec>;

/** The reference of a page that answers `request`. */
export function referenceOf(request: PageRequest): PageReference {
  return { requestId: request.id, time: request.time };
}
