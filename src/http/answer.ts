import type { HeaderLine, HeaderLines } from "../core/header-lines.ts";
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

/** An answer as a value: the listener turns it into bytes. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderLines;
  readonly body: string | ReadableStream<Uint8Array> | null;
  readonly verdict: Verdict;
  readonly user: string | null;
  readonly upgraded: boolean; //                   the connection is a WebSocket now: nothing is to be written
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
  return { status, headers, body, verdict, user, upgraded: false };
}

/** 302 to `location`, with cookies when there are any. */
export function redirect(location: string, verdict: Verdict, setCookies: readonly string[] = []): Answer {
  const cookies = setCookies.map((cookie): HeaderLine => ["set-cookie", cookie]);
  const headers: HeaderLines = [["location", location], ...ownHeaders, ...cookies];
  return { status: 302, headers, body: null, verdict, user: null, upgraded: false };
}

/** An answer without a body. */
export function empty(status: number, verdict: Verdict): Answer {
  return { status, headers: ownHeaders, body: null, verdict, user: null, upgraded: false };
}

/** The same answer with more header lines. */
export function withHeaders(answer: Answer, more: HeaderLines): Answer {
  return { ...answer, headers: [...answer.headers, ...more] };
}

/** The answer as the platform's Response. HEAD's body is dropped by the server, its headers kept (RFC 9110 9.3.2). */
export function responseOf(answer: Answer): Response {
  const headers = new Headers();
  for (const [name, value] of answer.headers) headers.append(name, value);
  return new Response(answer.body, { status: answer.status, headers });
}
