import { afterAll, expect, test } from "bun:test";
import type { HeaderLine } from "../../src/core/http/header-lines.ts";
import { header, requestText, sendRaw } from "../fakes/raw-client.ts";
import { pick, seeded } from "../fakes/seeded.ts";
import { askText, startGuardedApp } from "./guarded-app.ts";
import { randomTarget } from "./random-targets.ts";

const app = await startGuardedApp();
afterAll(() => app.stop());

const methods = [
  "GET",
  "GET",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PROPFIND",
  "TRACE",
  "CONNECT",
] as const;
const hosts = [
  "app.test",
  "app.test",
  "app.test",
  "APP.test.",
  "other.test",
  "a@b",
  "",
  "app.test, x",
  "[::1]",
  "h/p",
  "app.test:80",
  "\u00ff",
] as const;
const names = [
  "Cookie",
  "Cookie",
  "Authorization",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Uri",
  "Forwarded",
  "X-Original-URL",
  "X-Request-Id",
  "X-authentik-username",
  "X_authentik_username",
  "Accept",
  "Sec-Fetch-Mode",
  "Sec-Fetch-Dest",
  "Sec-Fetch-Site",
  "Connection",
  "Upgrade",
  "Origin",
  "Referer",
  "User-Agent",
  "Content-Type",
  "X-Requested-With",
  "Expect",
  "Range",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "If-None-Match",
  "X-HTTP-Method-Override",
  "TE",
] as const;
const values = [
  "",
  "akproxy_app=x",
  "akproxy_app=",
  "akproxy_app_login_1_abcdefghijkl=x",
  "Bearer x",
  "Basic YTpi",
  "Basic !!",
  "127.0.0.1",
  "1.1.1.1, x",
  "app.test",
  "https",
  "javascript",
  "text/html",
  "application/json",
  "*/*;q=x",
  "navigate",
  "cors",
  "document",
  "cross-site",
  "Upgrade",
  "websocket",
  "keep-alive, X-authentik-username",
  "https://evil.test",
  "\u00ff\u00fe",
  "%00",
  "'\"><svg>",
  "100-continue",
  "x",
  "root",
  "a".repeat(3000),
  "q=,;=",
  "\t",
  "13",
  "dGhlIHNhbXBsZSBub25jZQ==",
] as const;

function randomRequest(random: () => number): string {
  const count = Math.floor(random() * 7);
  const headers = Array.from({ length: count }, (): HeaderLine => [pick(random, names), pick(random, values)]);
  return requestText(`${pick(random, methods)} ${pick(random, targets(random))} HTTP/1.1`, [
    ["Host", pick(random, hosts)],
    ...headers,
  ]);
}

const targets = (random: () => number) => [
  randomTarget(random),
  "/outpost.goauthentik.io/callback?code=a&state=b",
  `/outpost.goauthentik.io/callback?${randomTarget(random).slice(1)}`,
  `/outpost.goauthentik.io/start?rd=${randomTarget(random)}`,
  "/outpost.goauthentik.io/sign_out",
  `${randomTarget(random)}?X-authentik-auth-callback=true&state=a&code=b`,
];

/** The statuses of an answer to a request without a session: never a success, never an internal error. */
const harmless = [0, 302, 400, 401, 403, 404, 405, 414, 417, 431, 501, 505];

/** akproxy's own endpoints that answer 200 and 204 to all: ping, and the page after a sign-out. */
function isOwnYes(request: string): boolean {
  return (
    /^[A-Z]+ \/outpost\.goauthentik\.io\/(?:ping|sign_out|[^ ]*X-authentik-logout=true)/i.test(request) ||
    /^[A-Z]+ [^ ]*\/ping[? ]/.test(request)
  );
}

test("2000 requests of garbage without a session: no error of ours, no yes, nothing at the upstream", async () => {
  const random = seeded(4);
  const odd: string[] = [];

  for (let batch = 0; batch < 100; batch++) {
    const requests = Array.from({ length: 20 }, () => randomRequest(random));
    const exchanges = await Promise.all(
      requests.map((request) => sendRaw(app.stack.port, request, { millisecondsToWait: 3000 })),
    );
    for (const [index, { answers }] of exchanges.entries()) {
      const status = answers[0]?.status ?? 0;
      if (!harmless.includes(status) && !isOwnYes(requests[index] ?? "")) odd.push(`${status} ${requests[index]}`);
    }
  }

  expect(odd).toEqual([]);
  expect(app.upstream.requests.filter(({ target }) => target !== "/")).toEqual([]);
  expect(app.stack.logLines.filter((line) => line["level"] === "error")).toEqual([]);
}, 15_000);

test("1000 requests of garbage as alice: no error of ours, and the upstream hears of alice alone", async () => {
  const random = seeded(5);
  const before = app.upstream.requests.length;
  const odd: string[] = [];

  for (let batch = 0; batch < 50; batch++) {
    const requests = Array.from({ length: 20 }, () => {
      const count = Math.floor(random() * 6);
      const headers = Array.from({ length: count }, (): HeaderLine => [pick(random, names), pick(random, values)]);
      const usable = headers.filter(([name]) => name !== "Upgrade" && name !== "Cookie");
      const target = randomTarget(random).replaceAll(/sign_out|logout/g, "x");
      return askText(target, { method: pick(random, methods), as: "alice", headers: usable }, app.session);
    });
    const exchanges = await Promise.all(
      requests.map((request) => sendRaw(app.stack.port, request, { millisecondsToWait: 3000 })),
    );
    for (const [index, { answers }] of exchanges.entries()) {
      const status = answers[0]?.status ?? 0;
      if (status >= 500 && status !== 501) odd.push(`${status} ${requests[index]}`);
    }
  }

  expect(odd).toEqual([]);
  const users = app.upstream.requests.slice(before).map((request) => header(request, "x-authentik-username"));
  expect(new Set(users)).toEqual(new Set(["alice"]));
  expect((await app.ask("/x", { as: "alice" })).status).toBe(200);
}, 15_000);

test("500 streams of random bytes: the server answers or closes, and goes on", async () => {
  const random = seeded(6);
  const alphabet = [
    "GET ",
    "POST ",
    "/",
    " HTTP/1.1",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "\0",
    "Host: app.test",
    "Content-Length: ",
    "Transfer-Encoding: chunked",
    ":",
    "5",
    "\u00ff",
    "\u0016\u0003",
    " ",
    "a",
    "\r\n\r\n",
  ];
  const answered: number[] = [];

  for (let batch = 0; batch < 25; batch++) {
    const streams = Array.from({ length: 20 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 30) }, () => pick(random, alphabet)).join(""),
    );
    const exchanges = await Promise.all(
      streams.map((bytes) => sendRaw(app.stack.port, `${bytes}\r\n\r\n`, { millisecondsToWait: 40 })),
    );
    answered.push(...exchanges.flatMap(({ answers }) => answers.map(({ status }) => status)));
  }

  expect(answered.filter((status) => ![302, 400, 401, 431, 501, 505].includes(status))).toEqual([]);
  expect((await app.ask("/x", { as: "alice" })).status).toBe(200);
}, 15_000);
