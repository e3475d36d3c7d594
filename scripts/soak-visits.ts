import { connect, type Socket } from "node:net";
import { createBrowser, loginAs } from "../tests/fakes/browser.ts";
import { pick } from "../tests/fakes/seeded.ts";

/** The visits of a soak, by name; each resolves at its end, and throws if akproxy did something wrong. */
export interface Visits {
  readonly [name: string]: () => Promise<void>;
}

export interface VisitFacts {
  readonly port: number;
  readonly random: () => number;
}

/** The upstream that the visits are made for: /big streams 20 MB, /slow waits, the rest echoes its body. */
export function startSoakUpstream(): { readonly port: number; stop(): void } {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    maxRequestBodySize: 2 ** 31,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/big")) return new Response(big);
      if (pathname.endsWith("/slow")) await Bun.sleep(50);
      return new Response(request.method === "GET" ? "ok" : await request.bytes());
    },
  });
  return { port: server.port ?? 0, stop: () => void server.stop(true) };
}

const big = Buffer.alloc(20 * 1024 * 1024, "b");

export function visitsOf({ port, random }: VisitFacts): Visits {
  const here = `http://127.0.0.1:${port}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${here}/public${path}`, { ...init, headers: { host: "app.test" }, redirect: "manual" });
  let logins = Promise.resolve();
  return {
    get: async () => expectText(await ask("/a"), "ok"),
    slow: async () => expectText(await ask("/slow"), "ok"),
    post: async () => {
      const body = "x".repeat(1 + Math.floor(random() * 300_000));
      expectText(await ask("/echo", { method: "POST", body }), body);
    },
    download: async () => {
      const bytes = await (await ask("/big")).bytes();
      if (bytes.length !== big.length) throw new Error(`a download of ${bytes.length} bytes`);
    },
    denied: async () => {
      const { status } = await fetch(`${here}/private`, {
        headers: { host: "app.test", accept: "application/json" },
        redirect: "manual",
      });
      if (status !== 401) throw new Error(`a program without a session got ${status}`);
    },
    // One after the other: a sign-out ends every session of its person, those that others are just opening, too
    login: () => {
      logins = logins.catch(() => undefined).then(() => loginAndOut(here));
      return logins;
    },
    abort: () => abort(port, random),
  };
}

async function loginAndOut(here: string): Promise<void> {
  const browser = createBrowser({ resolve: { "app.test": here } });
  await loginAs(browser, "http://app.test/private", "alice");
  await browser.get("http://app.test/outpost.goauthentik.io/sign_out");
}

async function expectText(answer: Response, text: string): Promise<void> {
  const found = await answer.text();
  if (answer.status !== 200 || found !== text)
    throw new Error(`${answer.status} with ${found.length} bytes in place of ${text.length}`);
}

const beginnings = [
  "GET /public/big HTTP/1.1\r\nHost: app.test\r\n\r\n",
  "GET /public/slow HTTP/1.1\r\nHost: app.test\r\n\r\n",
  "POST /public/echo HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\nxxxx",
  "POST /public/echo HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
  "POST /public/echo HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "GET /public/a HTTP/1.1\r\nHos",
  "\x16\x03\x01 garbage\r\n\r\n",
] as const;

/** A client that begins something, and leaves in the middle. */
async function abort(port: number, random: () => number): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(Buffer.from(pick(random, beginnings), "latin1"));
  await Bun.sleep(Math.floor(random() * 30));
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
}
