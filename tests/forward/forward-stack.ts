import { type Browser, confirmSignOut, loginAs } from "../fakes/browser.ts";
import { type RawAnswer, requestText, sendRaw } from "../fakes/raw-client.ts";
import { type Stack, type StackOptions, startStack } from "../journeys/stack.ts";
import type { CheckRequest, DialectName } from "./check-request.ts";
import { type Front, startFront } from "./front.ts";

/** akproxy for forward auth with a real issuer, and reverse proxies by hand in front of an application. */
export interface ForwardStack {
  readonly stack: Stack;
  /** One verdict request, byte for byte. */
  ask(check: CheckRequest): Promise<RawAnswer>;
  /** A browser that finds every host of `hosts` at one reverse proxy of this dialect. */
  browser(dialect?: DialectName, ownPaths?: "routed" | "asked_about"): Browser;
  /** The Cookie header of a new session of `subject` at the provider of `url`. */
  cookieOf(subject: string, url: string): Promise<string>;
  /** The Cookie header of a session of `subject` that was signed out. Ends all sessions of `subject`. */
  endedCookieOf(subject: string, url: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startForwardStack(
  hosts: readonly string[],
  options: StackOptions & { readonly providers: string },
): Promise<ForwardStack> {
  const stack = await startStack({ store: "memory", origins: hosts.map((host) => `https://${host}`), ...options });
  const fronts = new Map<string, Front>();
  const front = (dialect: DialectName, ownPaths: "routed" | "asked_about"): Front => {
    const key = `${dialect} ${ownPaths}`;
    const started =
      fronts.get(key) ?? startFront({ dialect, ownPaths, outpost: () => stack.port, application: stack.echoUrl });
    fronts.set(key, started);
    return started;
  };
  const browser = (dialect: DialectName = "traefik", ownPaths: "routed" | "asked_about" = "routed") =>
    stack.browser({ resolve: Object.fromEntries(hosts.map((host) => [host, front(dialect, ownPaths).origin])) });
  const loggedIn = async (subject: string, url: string) => {
    const visitor = browser();
    await loginAs(visitor, url, subject);
    return visitor;
  };
  return {
    stack,
    browser,
    async ask({ method, target, headers }) {
      const { answers } = await sendRaw(stack.port, requestText(`${method} ${target} HTTP/1.1`, headers));
      return answers[0] ?? { status: 0, headers: [], body: "" };
    },
    async cookieOf(subject, url) {
      return (await loggedIn(subject, url)).cookies.headerFor(new URL(url));
    },
    async endedCookieOf(subject, url) {
      const visitor = await loggedIn(subject, url);
      const cookie = visitor.cookies.headerFor(new URL(url));
      await confirmSignOut(visitor, await visitor.follow(new URL("/outpost.goauthentik.io/sign_out", url).href));
      return cookie;
    },
    async stop() {
      await Promise.all([...fronts.values()].map((each) => each.stop()));
      await stack.stop();
    },
  };
}
