import type { Dialect } from "../core/forward-auth/dialects.ts";
import type { HeaderLine, HeaderLines } from "../core/http/header-lines.ts";
import type { InboundRequest } from "../core/request.ts";
import { page } from "./pages/page.ts";
import type { PageSpec } from "./pages/page-spec.ts";
import { wantsOf } from "./pages/wants.ts";

/** How a request ended, for log and metrics. A closed list, because it is a metric label (DOS-08). */
export type RequestOutcome =
  | "allowed"
  | "public"
  | "login"
  | "unauthorized"
  | "denied"
  | "callback"
  | "sign_out"
  | "ping"
  | "refused"
  | "failed";

/** An answer that akproxy makes itself. The wire turns it into bytes. */
export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string; //                        "": none
  readonly label: RequestOutcome; //               for log and metrics
  readonly user: string | null;
}

/** The headers of every answer of akproxy that is not a page (FWD-16, LEAK-02, XSS-02). */
const ownHeaders: HeaderLines = [
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/** One of akproxy's pages, in the form that the request asks for. */
export function pageAnswer(
  spec: PageSpec,
  request: Pick<InboundRequest, "headers">,
  label: RequestOutcome,
  user: string | null = null,
): Answer {
  const { status, headers, body } = page(spec, wantsOf(request.headers));
  return { kind: "answer", status, headers, body, label, user };
}

/** 302 to `location`, with cookies when there are any. */
export function redirect(location: string, label: RequestOutcome, setCookies: readonly string[] = []): Answer {
  const cookies = setCookies.map((cookie): HeaderLine => ["set-cookie", cookie]);
  const headers: HeaderLines = [["location", location], ...ownHeaders, ...cookies];
  return { kind: "answer", status: 302, headers, body: "", label, user: null };
}

/** An answer without a body. */
export function empty(status: number, label: RequestOutcome): Answer {
  return { kind: "answer", status, headers: ownHeaders, body: "", label, user: null };
}

/** The same answer with more header lines. */
export function withHeaders(answer: Answer, more: HeaderLines): Answer {
  return { ...answer, headers: [...answer.headers, ...more] };
}

/** The answer as the dialect's reverse proxy understands it: nginx makes a 500 of everything but 2xx, 401 and 403 (FWD-15). */
export function inDialect(dialect: Dialect, answer: Answer): Answer {
  if (dialect.statuses === "any") return answer;
  switch (answer.status) {
    case 200:
    case 401:
    case 403:
    case 500:
      return answer;
    default:
      return { ...answer, status: answer.status >= 500 ? 500 : 401 };
  }
}
