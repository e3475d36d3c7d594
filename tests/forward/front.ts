import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { checkRequest, type DialectName } from "./check-request.ts";

/** A reverse proxy made by hand: what a browser asks it, it asks akproxy about, then the application. */
export interface Front {
  readonly origin: string; //                      http://127.0.0.1:PORT; to browsers it stands for https://
  stop(): Promise<void>;
}

export interface FrontOptions {
  readonly dialect: DialectName;
  readonly outpost: () => number; //               akproxy's port on 127.0.0.1
  readonly application: string; //                 its origin
  /** Do requests under /outpost.goauthentik.io/ go to akproxy, or are they asked about like all others? */
  readonly ownPaths: "routed" | "asked_about";
}

/** The headers that an application gets from the verdict, as authentik's templates for reverse proxies list them. */
const copied = identityHeaderNames.map((name) => name.toLowerCase());

const prefix = "/outpost.goauthentik.io/";

/** Starts the reverse proxy on a free loopback port. */
export function startFront(options: FrontOptions): Front {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => answer(options, request) });
  return { origin: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

async function answer(options: FrontOptions, request: Request): Promise<Response> {
  const asked = new URL(request.url);
  const url = `https://${request.headers.get("host")}${asked.pathname}${asked.search}`;
  const body = new Uint8Array(await request.arrayBuffer());
  if (options.ownPaths === "routed" && asked.pathname.startsWith(prefix)) {
    return await passToOutpost(options, request, asked, body);
  }
  const verdict = await ask(options, request, url);
  if (!verdict.ok) return options.dialect === "nginx" ? await refusedByNginx(options, request, url, verdict) : verdict;
  return relayed(verdict, await passToApplication(options, request, asked, verdict, body));
}

/** The callback, the sign-out and the start, for this host. */
function passToOutpost(options: FrontOptions, request: Request, asked: URL, body: Uint8Array<ArrayBuffer>) {
  const headers = new Headers(request.headers);
  headers.set("x-forwarded-proto", "https");
  headers.set("x-forwarded-host", request.headers.get("host") ?? "");
  headers.delete("x-original-url");
  return send(`http://127.0.0.1:${options.outpost()}${asked.pathname}${asked.search}`, request.method, headers, body);
}

function ask(options: FrontOptions, { method, headers }: Request, url: string): Promise<Response> {
  const plain = [...headers].filter(
    ([name]) => !/^(host|content-length|connection|x-original-.*|x-forwarded-.*)$/.test(name),
  );
  const check = checkRequest(options.dialect, { method, url, headers: plain });
  const all = new Headers();
  for (const [name, value] of check.headers) all.append(name, value);
  return send(`http://127.0.0.1:${options.outpost()}${check.target}`, check.method, all, new Uint8Array());
}

/** auth_request knows 401 and 403; of anything else nginx makes a 500. A 401 goes to the login with the whole address told. */
async function refusedByNginx(options: FrontOptions, request: Request, url: string, verdict: Response) {
  if (verdict.status === 403) return new Response("403 Forbidden", { status: 403 });
  if (verdict.status !== 401) return new Response("500 Internal Server Error", { status: 500 });
  const headers = new Headers(request.headers);
  headers.set("x-original-url", url);
  headers.set("x-forwarded-proto", "https");
  headers.set("x-forwarded-host", request.headers.get("host") ?? "");
  return await send(`http://127.0.0.1:${options.outpost()}${prefix}start`, "GET", headers, new Uint8Array());
}

function passToApplication(
  options: FrontOptions,
  request: Request,
  asked: URL,
  verdict: Response,
  body: Uint8Array<ArrayBuffer>,
) {
  const headers = new Headers(request.headers);
  for (const name of copied) {
    const value = verdict.headers.get(name);
    if (value === null) throw new Error(`the verdict does not carry ${name}: the client's own would pass`);
    headers.set(name, value);
  }
  return send(`${options.application}${asked.pathname}${asked.search}`, request.method, headers, body);
}

/** The application's answer with the verdict's cookies. */
function relayed(verdict: Response, answered: Response): Response {
  const response = new Response(answered.body, answered);
  for (const cookie of verdict.headers.getSetCookie()) response.headers.append("set-cookie", cookie);
  return response;
}

async function send(url: string, method: string, headers: Headers, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  headers.delete("content-length");
  const carriesBody = method !== "GET" && method !== "HEAD";
  return await fetch(url, { method, headers, ...(carriesBody ? { body } : {}), redirect: "manual" });
}
