import { type Browser, loginAs } from "../fakes/browser.ts";
import { type RawAnswer, requestText, sendRaw } from "../fakes/raw-client.ts";
import type { Application, SeenRequest } from "./application.ts";
import type { Guard } from "./guard.ts";
import type { Real } from "./harness.ts";

/** The addresses that the tests of one program in one mode use. */
export interface Place {
  readonly slug: string;
  readonly mode: "proxy" | "forward_single" | "forward_domain";
  readonly host: string; //                        of the application
  readonly outpostHost: string; //                 where logins come back to
}

export const places: readonly Place[] = [
  { slug: "proxied", mode: "proxy", host: "proxied.test", outpostHost: "proxied.test" },
  { slug: "app", mode: "forward_single", host: "app.test", outpostHost: "app.test" },
  { slug: "corp", mode: "forward_domain", host: "a.corp.test", outpostHost: "auth.corp.test" },
];

/** A place whose servers run. Read it inside tests only: they start before the first test. */
export interface Front {
  readonly place: Place;
  readonly home: string; //                        http://a.corp.test/
  guard(): Guard;
  real(): Real;
  /** A browser in which Alice has logged in, the same for all tests. No test signs Alice out. */
  alice(): Browser;
}

/** A new browser in which `subject` has logged in at the application. */
export async function loggedIn(front: Front, subject: string): Promise<Browser> {
  const browser = front.real().browser();
  const page = await loginAs(browser, front.home, subject);
  if (page.url === front.home && page.text === "the application saw /") return browser;
  const log = front.guard().logLines.slice(-5).join("");
  throw new Error(
    `no login: ${page.status} at ${page.hops.join(" -> ")}\n${page.text}\n${front.real().output()}\n${log}`,
  );
}

/** The parts of a request after its line, and its user. */
export interface Asked {
  readonly method?: string; //                     GET
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string; //                       a byte string
  readonly tail?: string; //                       bytes after the empty line, for a body that frames itself
  readonly as?: Browser; //                        its cookies are sent
  readonly host?: string; //                       the application's
}

/** One request, byte for byte as written, and its answer. */
export async function ask(front: Front, target: string, asked: Asked = {}): Promise<RawAnswer> {
  const { method = "GET", headers = [], body = "", tail = "", as, host = front.place.host } = asked;
  const cookie = as?.cookies.headerFor(new URL(`http://${host}/`)) ?? "";
  const lines = [
    ["Host", host] as const,
    ...(cookie === "" ? [] : [["Cookie", cookie] as const]),
    ...(body === "" ? [] : [["Content-Length", String(body.length)] as const]),
    ...headers,
  ];
  const text = requestText(`${method} ${target} HTTP/1.1`, lines, `${body}${tail}`);
  const { answers, bytes } = await sendRaw(front.real().port, text, { millisecondsToWait: 10_000 });
  const [answer] = answers;
  if (answer === undefined) throw new Error(`no answer to ${method} ${target}: ${bytes}`);
  return answer;
}

/** The only request with `part` in its target that the application received; throws if there is not exactly one. */
export function theOneSeen(application: Application, part: string): SeenRequest {
  const [request, ...others] = application.seen(part);
  if (request === undefined || others.length > 0) throw new Error(`seen of ${part}: ${application.seen(part).length}`);
  return request;
}

/** Identity headers as any server may read them: whatever is folded into `x-authentik-`, in order of their names. */
export function identityOf(request: SeenRequest): readonly string[] {
  return request.headers
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter((line) => /^x.authentik.[^:]*: ./.test(line))
    .toSorted();
}
