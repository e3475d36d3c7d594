import type { HeaderLine, HeaderLines } from "../core/http/header-lines.ts";
import type { InboundRequest } from "../core/request.ts";
import { page } from "./pages/page.ts";
import type { PageSpec } from "./pages/page-spec.ts";
import { wantsOf } from "./pages/wants.ts";

/** What a request came to, for log and metrics. A closed list: it is a metric label (DOS-08). */
export type Verdict =
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

/** An answer of our own as a value: the listener turns it into bytes. */
export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string; //                        "": none
  readonly verdict: Verdict;
  readonly user: string | null;
}

/** Headers on every answer of our own that is no page (FWD-16, LEAK-02, XSS-02). */
const ownHeaders: HeaderLines = [
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/** A page of ours in the form its asker wants. */
export function pageAnswer(
  spec: PageSpec,
  request: Pick<InboundRequest, "headers">,
  verdict: Verdict,
  user: string | null = null,
): Answer {
  const { status, headers, body } = page(spec, wantsOf(request.headers));
  return { kind: "answer", status, headers, body, verdict, user };
}

/** 302 to `location`, with cookies when there are any. */
export function redirect(location: string, verdict: Verdict, setCookies: readonly string[] = []): Answer {
  const cookies = setCookies.map((cookie): HeaderLine => ["set-cookie", cookie]);
  const headers: HeaderLines = [["location", location], ...ownHeaders, ...cookies];
  return { kind: "answer", status: 302, headers, body: "", verdict, user: null };
}

/** An answer without a body. */
export function empty(status: number, verdict: Verdict): Answer {
  return { kind: "answer", status, headers: ownHeaders, body: "", verdict, user: null };
}

/** The same answer with more header lines. */
export function withHeaders(answer: Answer, more: HeaderLines): Answer {
  return { ...answer, headers: [...answer.headers, ...more] };
}
