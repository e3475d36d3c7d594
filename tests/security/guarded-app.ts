import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";
import { loginAs } from "../fakes/browser.ts";
import { type RawAnswer, type RawOptions, requestText, sendRaw } from "../fakes/raw-client.ts";
import {
  type RecordedAnswer,
  type RecordedRequest,
  type RecordingUpstream,
  startRecordingUpstream,
} from "../fakes/upstream.ts";
import { type Stack, type StackOptions, startStack } from "../journeys/stack.ts";

/** akproxy as a stranger meets it, a real issuer beside it, and an upstream that records every byte it is sent. */
export interface GuardedApp {
  readonly stack: Stack;
  readonly upstream: RecordingUpstream;
  /** `Cookie` value of alice's session. */
  readonly session: string;
  /** One raw request; `headers` come after Host. */
  ask(target: string, more?: Ask): Promise<RawAnswer>;
  /** Like `ask`, and what of it reached the upstream; null when nothing did. */
  pass(target: string, more?: Ask): Promise<{ readonly answer: RawAnswer; readonly seen: RecordedRequest | null }>;
  stop(): Promise<void>;
}

export interface Ask {
  readonly method?: string; //                     GET
  readonly as?: "alice" | "nobody"; //             nobody
  readonly host?: string; //                       app.test; "" leaves the line out
  readonly headers?: HeaderLines;
  readonly body?: string;
  readonly options?: RawOptions;
}

/** No answer came: the server closed without one. */
export const noAnswer: RawAnswer = { status: 0, headers: [], body: "" };

export async function startGuardedApp(
  options: StackOptions = {},
  answer: (request: RecordedRequest) => RecordedAnswer = () => ({}),
): Promise<GuardedApp> {
  const upstream = await startRecordingUpstream(answer);
  const stack = await startStack({
    store: "memory",
    ...options,
    internalHost: options.internalHost ?? upstream.origin,
  });
  const session = await sessionOf(stack, options.externalHost ?? "http://app.test");
  const ask = async (target: string, more: Ask = {}) => {
    const { answers } = await sendRaw(stack.port, askText(target, more, session), more.options);
    return answers[0] ?? noAnswer;
  };
  return {
    stack,
    upstream,
    session,
    ask,
    async pass(target, more = {}) {
      const before = upstream.requests.length;
      const answered = await ask(target, more);
      return { answer: answered, seen: upstream.requests[before] ?? null };
    },
    async stop() {
      await stack.stop();
      await upstream.stop();
    },
  };
}

/** The bytes of one request to akproxy. */
export function askText(target: string, more: Ask, session: string): string {
  const { method = "GET", as = "nobody", host = "app.test", headers = [], body = "" } = more;
  const own: HeaderLine[] = [
    ...(host === "" ? [] : [["Host", host] as const]),
    ...(as === "alice" ? [["Cookie", session] as const] : []),
  ];
  return requestText(`${method} ${target} HTTP/1.1`, [...own, ...headers], body);
}

/** Logs alice in by a browser and gives back the Cookie header of her session. */
export async function sessionOf(stack: Stack, externalHost = "http://app.test", subject = "alice"): Promise<string> {
  const browser = stack.browser();
  await loginAs(browser, `${externalHost}/`, subject);
  const cookie = browser.cookies.all().find(({ name }) => /akproxy_app$/.test(name));
  if (cookie === undefined) throw new Error("no session cookie after the login");
  return `${cookie.name}=${cookie.value}`;
}
