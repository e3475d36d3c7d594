import { afterAll, describe, expect, test } from "bun:test";
import { converse, header, requestText, sendRaw } from "../fakes/raw-client.ts";
import { startGuardedApp } from "./guarded-app.ts";

const app = await startGuardedApp({ provider: 'skip_path_regex = ["^/public"]' }, ({ target }) => ({ body: target }));
afterAll(() => app.stop());

/** Status of the only answer (0: closed without one), and what reached the upstream. */
async function raw(bytes: string | readonly string[], answers = 1) {
  const before = app.upstream.requests.length;
  const exchange = await sendRaw(app.stack.port, bytes, { answers, millisecondsToWait: 700 });
  return {
    statuses: exchange.answers.map(({ status }) => status),
    exchange,
    seen: app.upstream.requests.slice(before),
  };
}

const post = (headers: string, body = "") => `POST /public HTTP/1.1\r\nHost: app.test\r\n${headers}\r\n${body}`;

describe("HTTP-01: a message that can be framed in two ways is refused", () => {
  test.each([
    [
      "Content-Length beside Transfer-Encoding",
      post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ],
    [
      "Transfer-Encoding beside Content-Length",
      post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"),
    ],
    ["two Content-Lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd")],
    ["two equal Content-Lengths", post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd")],
    ["a list of lengths", post("Content-Length: 4, 4\r\n", "abcd")],
    ["a signed length", post("Content-Length: +4\r\n", "abcd")],
    ["a negative length", post("Content-Length: -1\r\n", "abcd")],
    ["an empty length", post("Content-Length: \r\n", "abcd")],
    ["a hexadecimal length", post("Content-Length: 0x4\r\n", "abcd")],
    ["a length with a letter", post("Content-Length: 4a\r\n", "abcd")],
    ["an overflowing length", post("Content-Length: 99999999999999999999999\r\n", "abcd")],
    ["an unknown coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
    ["chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")],
    ["gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")],
    ["chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")],
    ["identity", post("Transfer-Encoding: identity\r\n", "0\r\n\r\n")],
    ["a vertical tab before chunked", post("Transfer-Encoding: \u000bchunked\r\n", "0\r\n\r\n")],
    ["chunked in HTTP/1.0", "POST /public HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["obs-fold", post("X-A: 1\r\n  folded\r\nContent-Length: 0\r\n")],
    ["a fold after the request line", "GET /public HTTP/1.1\r\n X: y\r\nHost: app.test\r\n\r\n"],
    ["a space before the colon", post("Content-Length : 4\r\n", "abcd")],
    ["an empty name", post(": x\r\nContent-Length: 0\r\n")],
    ["a space in a name", post("X A: a\r\nContent-Length: 0\r\n")],
    ["NUL in a value", post("X-A: a\u0000b\r\nContent-Length: 0\r\n")],
    ["NUL in a name", post("X\u0000A: a\r\nContent-Length: 0\r\n")],
    ["a bare CR", post("X-A: a\rb\r\nContent-Length: 0\r\n")],
    ["a bare LF", post("X-A: a\nContent-Length: 0\r\n")],
    ["a chunk with a bare LF", post("Transfer-Encoding: chunked\r\n", "5;a\nhello\r\n0\r\n\r\n")],
    ["a chunk size that is no number", post("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n")],
    ["an overflowing chunk size", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")],
    ["bytes after a chunk", post("Transfer-Encoding: chunked\r\n", "2\r\nhixx\r\n0\r\n\r\n")],
    ["no header at all", "GET /public\r\n\r\n"],
    ["HTTP-08: HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", "\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\u0000\u00a1\u0003\u0003\r\n\r\n"],
  ])("%s", async (_name, bytes) => {
    const { statuses, seen } = await raw(bytes);

    expect([[400], [505], []]).toContainEqual(statuses);
    expect(seen).toEqual([]);
  });
});

describe("HTTP-03: exactly one valid Host", () => {
  test.each([
    ["a@b"],
    ["a b"],
    ["h/p?"],
    [""],
    ["h#"],
    ["x".repeat(300)],
    ["app.test:99999"],
    ["app.test:x"],
    ["app.test, evil.test"],
    ["app.test%00"],
    ["app..test"],
    ["%61pp.test"],
    ["app.test\\x"],
    ["[::1"],
    ["app\u00c3\u00a4.test"],
  ])("%j is 400, also beside a trusted X-Forwarded-Host, with nothing of the inside in the body", async (host) => {
    const [plain, forwarded] = [
      await raw(`GET /public HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
      await raw(`GET /public HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: app.test\r\n\r\n`),
    ];

    expect([plain.statuses, forwarded.statuses]).toEqual([[400], [400]]);
    expect([...plain.seen, ...forwarded.seen]).toEqual([]);
    expect(plain.exchange.bytes).not.toMatch(/at .*\.ts|Error:|127\.0\.0\.1/);
  });

  test.each([
    ["two lines", "Host: app.test\r\nHost: evil.test\r\n"],
    ["two equal lines", "Host: app.test\r\nHost: app.test\r\n"],
    ["none", ""],
    ["none but X-Forwarded-Host", "X-Forwarded-Host: app.test\r\n"],
  ])("%s is 400", async (_name, headers) => {
    const { statuses, seen } = await raw(`GET /public HTTP/1.1\r\n${headers}\r\n`);

    expect(statuses).toEqual([400]);
    expect(seen).toEqual([]);
  });

  test.each([["APP.TEST"], ["app.test."], ["app.test:80"]])("decision 27: %s is app.test", async (host) => {
    expect((await raw(`GET /public HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).statuses).toEqual([200]);
  });

  test.each([["other.test"], ["127.0.0.1"], ["localhost"], ["app.test:81"], ["app.test:443"], ["app.test.evil.test"]])(
    "FWD-13: %s is a host of no provider, and the only provider does not serve it",
    async (host) => {
      const { statuses, exchange, seen } = await raw(`GET /public HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

      expect(statuses).toEqual([400]);
      expect(exchange.answers.map((answer) => header(answer, "location"))).toEqual([""]);
      expect(seen).toEqual([]);
    },
  );
});

describe("HTTP-04: methods that are not served", () => {
  test.each([
    ["TRACE", "/x", 501],
    ["TRACE", "/public", 501],
    ["CONNECT", "app.test:443", 501],
    ["CONNECT", "/public", 501],
    ["OPTIONS", "*", 400],
  ])("%s %s is %d, is not sent on and echoes no cookie", async (method, target, status) => {
    const { statuses, exchange, seen } = await raw(
      `${method} ${target} HTTP/1.1\r\nHost: app.test\r\nCookie: ${app.session}\r\n\r\n`,
    );

    expect(statuses).toEqual([status]);
    expect(exchange.bytes).not.toContain(app.session);
    expect(seen).toEqual([]);
  });

  test.each([["GET\t"], ["G\u00cbT"], [""], ["GET GET"]])("the method %j is not a token: 400", async (method) => {
    const { statuses, seen } = await raw(`${method} /public HTTP/1.1\r\nHost: app.test\r\n\r\n`);

    expect(statuses).toEqual([400]);
    expect(seen).toEqual([]);
  });

  test.each([["FOO"], ["get"]])(
    "the method %j, which we do not know, reaches the application as it is",
    async (method) => {
      const { statuses, seen } = await raw(`${method} /public HTTP/1.1\r\nHost: app.test\r\n\r\n`);

      expect(statuses).toEqual([200]);
      expect(seen.map((request) => request.method)).toEqual([method]);
    },
  );
});

describe("HTTP-05: a verdict belongs to its request, never to its connection", () => {
  const get = (target: string, cookie: string) =>
    requestText(`GET ${target} HTTP/1.1`, [
      ["Host", "app.test"],
      ...(cookie === "" ? [] : [["Cookie", cookie] as const]),
    ]);

  test("alice, nobody and alice in turns over one connection", async () => {
    const before = app.upstream.requests.length;

    const answers = await converse(app.stack.port, [
      get("/1", app.session),
      get("/2", ""),
      get("/3", app.session),
      get("/4", "akproxy_app=x"),
      get("/public/5", ""),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([200, 302, 200, 302, 200]);
    const seen = app.upstream.requests.slice(before);
    expect(
      seen.map(({ target, headers }) => [target, headers.some(([name]) => /^x-authentik-username$/i.test(name))]),
    ).toEqual([
      ["/1", true],
      ["/3", true],
      ["/public/5", false],
    ]);
  });

  test("requests sent ahead of their turn never get another's identity", async () => {
    const { exchange, seen } = await raw(get("/1", app.session) + get("/2", "") + get("/3", ""), 3);

    expect(seen.filter(({ target }) => target !== "/1")).toEqual([]);
    expect(exchange.answers.slice(1).filter(({ status }) => status < 300)).toEqual([]);
  });

  test("the body of a refused request is not read as the next request", async () => {
    const inner = "GET /public/smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";
    const refused = `POST /secret HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;

    const answers = await converse(app.stack.port, [refused, get("/public/next", "")]);

    expect(answers.map(({ status, body }) => [status, status === 200 ? body : ""])).toEqual([
      [401, ""],
      [200, "/public/next"],
    ]);
    expect(app.upstream.requests.map(({ target }) => target)).not.toContain("/public/smuggled");
  });
});

describe("HTTP-06, HTTP-07: trailers, Expect, a body where none is usual", () => {
  test.each([[""], ["Trailer: X-authentik-username\r\n"], ["TE: trailers\r\nConnection: TE\r\n"]])(
    "HTTP-06: a trailer never becomes a header (%j)",
    async (headers) => {
      const { seen } = await raw(
        post(`Transfer-Encoding: chunked\r\n${headers}`, "2\r\nhi\r\n0\r\nX-authentik-username: root\r\n\r\n"),
      );

      const text = JSON.stringify(seen);
      expect(text).not.toContain("root");
      expect(text).not.toMatch(/"(trailer|te)"/i);
    },
  );

  test("HTTP-07: a GET's body goes with it, and is not read as the next request", async () => {
    const inner = "GET /public/smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";
    const withBody = `GET /public HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
    const next = "GET /public/next HTTP/1.1\r\nHost: app.test\r\n\r\n";

    const answers = await converse(app.stack.port, [withBody, next]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(app.upstream.requests.map(({ target }) => target)).not.toContain("/public/smuggled");
    expect(app.upstream.requests.findLast(({ target }) => target === "/public")?.body).toBe(inner);
  });

  test("HTTP-07: Expect: 100-continue is met, anything else is 417", async () => {
    const met = await raw([
      "POST /public HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
      "hi",
    ]);
    const other = await raw([
      "POST /public HTTP/1.1\r\nHost: app.test\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n",
      "hi",
    ]);

    expect(met.statuses).toEqual([200]);
    expect(met.seen.map(({ body }) => body)).toEqual(["hi"]);
    expect(other.statuses).toEqual([417]);
    expect(other.seen).toEqual([]);
  });

  test("HTTP-02: a body that breaks in the middle ends its upstream request, and the next request is clean", async () => {
    const [head, chunk, bad] = [post("Transfer-Encoding: chunked\r\n"), "5\r\nhello\r\n", "5;a\nhello\r\n0\r\n\r\n"];

    const broken = await raw([head, chunk, bad]);
    const next = await raw("GET /public/next HTTP/1.1\r\nHost: app.test\r\n\r\n");

    expect(broken.seen).toEqual([]);
    expect(broken.statuses.filter((status) => status < 300)).toEqual([]);
    expect(next.seen.map(({ target }) => target)).toEqual(["/public/next"]);
  });
});

describe("DOS-03: sizes", () => {
  test.each([
    [8192, 200],
    [8193, 414],
  ])("a target of %d characters is %d", async (length, status) => {
    const { answer } = await app.pass(`/public${"a".repeat(length - 7)}`);

    expect(answer.status).toBe(status);
  });

  test("a header section above the limit is 431, and no request is forwarded", async () => {
    const { statuses, seen } = await raw(`GET /public HTTP/1.1\r\nHost: app.test\r\nX: ${"a".repeat(40_000)}\r\n\r\n`);

    expect(statuses).toEqual([431]);
    expect(seen).toEqual([]);
  });

  test("more header fields than 200 are 431", async () => {
    const fields = Array.from({ length: 250 }, (_, index) => `X-${index}: 1\r\n`).join("");

    expect((await raw(`GET /public HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`)).statuses).toEqual([431]);
  });

  test("DOS-07: a multipart body of 50000 fields is passed on and not parsed", async () => {
    const body = Array.from(
      { length: 50_000 },
      (_, index) => `--b\r\nContent-Disposition: form-data; name="${index}"\r\n\r\nx\r\n`,
    ).join("");
    const startedAt = performance.now();

    const { answer, seen } = await app.pass("/public", {
      method: "POST",
      headers: [
        ["Content-Type", "multipart/form-data; boundary=b"],
        ["Content-Length", String(body.length)],
      ],
      body,
    });

    expect(answer.status).toBe(200);
    expect(seen?.body.length).toBe(body.length);
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });

  test.each([
    ["/public"],
    ["/x"],
    ["/outpost.goauthentik.io/start"],
    ["/outpost.goauthentik.io/callback"],
    ["/outpost.goauthentik.io/sign_out"],
    ["/outpost.goauthentik.io/ping"],
  ])("DOS-07: an empty POST to %s is answered, and is no error of ours", async (target) => {
    const answer = await app.ask(target, {
      method: "POST",
      headers: [
        ["Content-Type", "application/x-www-form-urlencoded"],
        ["Content-Length", "0"],
      ],
    });

    expect([200, 204, 401, 405]).toContain(answer.status);
  });
});
