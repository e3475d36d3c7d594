import { afterEach, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { allValues } from "../../src/core/header-lines.ts";
import type { UpstreamResponse } from "../../src/ports/upstream-client.ts";
import { fetchUpstream } from "../../src/upstream/http-client.ts";
import { type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, serveFrom, textOf } from "./request-to.ts";

const send = fetchUpstream();
const started: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

async function answering(bytes: string | Uint8Array): Promise<RawUpstream> {
  const upstream = await startRawUpstream((exchange) => exchange.write(bytes));
  started.push(upstream);
  return upstream;
}

async function answerOf(bytes: string, method = "GET"): Promise<UpstreamResponse> {
  const upstream = await answering(bytes);
  return send(requestTo(upstream.hostAndPort, { method }), null, noAbort());
}

/** The raw bytes that a client gets from a Bun server which hands the upstream's answer on. */
async function rawThroughServer(upstreamHostAndPort: string, method = "GET"): Promise<string> {
  const server = serveFrom(upstreamHostAndPort);
  started.push({ stop: () => server.stop(true) });
  const { promise, resolve } = Promise.withResolvers<string>();
  const parts: string[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port ?? 0,
    socket: {
      data: (_, data) => void parts.push(Buffer.from(data).toString("latin1")),
      close: () => resolve(parts.join("")),
      error: () => resolve(parts.join("")),
    },
  });
  socket.write(`${method} /a HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n`);
  return promise;
}

test("UPS-13: hop-by-hop and Connection-named fields are dropped, the rest stays, each Set-Cookie a line of its own", async () => {
  const answer = await answerOf(
    "HTTP/1.1 200 OK\r\nConnection: X-Mine, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nUpgrade: h2c\r\nTrailer: X-T\r\n" +
      "Proxy-Authenticate: Basic\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Kept: 1\r\nX-Bytes: \xe9\xff\r\nContent-Length: 2\r\n\r\nok",
  );

  expect(answer.headers.toSorted()).toEqual([
    ["content-length", "2"],
    ["set-cookie", "a=1; Path=/"],
    ["set-cookie", "b=2"],
    ["x-bytes", "\xe9\xff"],
    ["x-kept", "1"],
  ]);
  expect(await textOf(answer.body)).toBe("ok");
});

test("UPS-13: Content-Length beside chunked framing does not reach the client", async () => {
  const answer = await answerOf(
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  );

  expect(answer.headers).toEqual([["x-a", "1"]]);
  expect(await textOf(answer.body)).toBe("hello");
});

test("UPS-08: a redirect is handed to the client, not followed", async () => {
  const elsewhere = await answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  const location = `${elsewhere.origin}/x`;
  const answer = await answerOf(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);

  expect(answer.status).toBe(302);
  expect(allValues(answer.headers, "location")).toEqual([location]);
  expect(elsewhere.exchanges.length).toBe(0);
});

test.each([
  ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 200, "content-length: 10"],
  ["GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 304, "etag: x"],
  ["GET", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", 204, "x-a: 1"],
] as const)("%s answered by %p reaches the client without a body", async (method, bytes, status, line) => {
  const upstream = await answering(bytes);

  const raw = await rawThroughServer(upstream.hostAndPort, method);

  const [head = "", body] = raw.split("\r\n\r\n");
  expect(head.split("\r\n")[0]).toContain(` ${status} `);
  expect(head.toLowerCase()).toContain(line);
  expect(body).toBe("");
});

test("a 103 before the answer is not taken for it", async () => {
  const answer = await answerOf(
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  );

  expect(answer.status).toBe(200);
  expect(await textOf(answer.body)).toBe("ok");
});

test("a header value of the upstream reaches the client byte for byte", async () => {
  const upstream = await answering("HTTP/1.1 200 OK\r\nX-Bytes: zo\xc3\xab \xe9\xff\r\nContent-Length: 2\r\n\r\nok");

  const raw = await rawThroughServer(upstream.hostAndPort);

  expect(/x-bytes: (.*)\r\n/i.exec(raw)?.[1]).toBe("zo\xc3\xab \xe9\xff");
});

test("an answer without a Content-Type gets none on its way to the client", async () => {
  const upstream = await answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

  const raw = await rawThroughServer(upstream.hostAndPort);

  expect(raw.toLowerCase()).not.toContain("content-type");
  expect(raw.endsWith("\r\n\r\nok")).toBe(true);
});

test.each([0, 21, 20_000, 256 * 1024])(
  "the Content-Length of a body of %p bytes reaches the client, 50 times of 50",
  async (size) => {
    const upstream = await answering(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), Buffer.alloc(size, "x")]),
    );
    const server = serveFrom(upstream.hostAndPort);
    started.push({ stop: () => server.stop(true) });

    const seen = new Set<string>();
    for (let count = 0; count < 50; count += 1) {
      const response = await fetch(`http://127.0.0.1:${server.port}/a`);
      const { byteLength } = await response.arrayBuffer();
      seen.add(`${response.headers.get("content-length")} ${response.headers.get("transfer-encoding")} ${byteLength}`);
    }

    expect([...seen]).toEqual([`${size} null ${size}`]);
  },
  30_000,
);

test("a long body reaches the client whole, 50 times of 50; Bun's server sends it chunked, for want of a way to keep its length", async () => {
  const size = 10 * 1024 * 1024;
  const upstream = await answering(
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), Buffer.alloc(size, "x")]),
  );
  const server = serveFrom(upstream.hostAndPort);
  started.push({ stop: () => server.stop(true) });

  const seen = new Set<string>();
  for (let count = 0; count < 50; count += 1) {
    const response = await fetch(`http://127.0.0.1:${server.port}/a`);
    const { byteLength } = await response.arrayBuffer();
    seen.add(`${response.headers.get("content-length")} ${response.headers.get("transfer-encoding")} ${byteLength}`);
  }

  expect([...seen]).toEqual([`null chunked ${size}`]);
}, 30_000);

test("UPS-14: a short body cut short is unreachable, not half an answer", async () => {
  const upstream = await startRawUpstream((exchange) =>
    exchange.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
  );
  started.push(upstream);

  const sending = send(requestTo(upstream.hostAndPort), null, noAbort());

  expect(await sending.catch((error) => error.code)).toBe("upstream_unreachable");
});

test("UPS-15: a compressed body passes untouched, and memory does not grow with what is in it", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  const upstream = await answering(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`),
      bomb,
    ]),
  );
  Bun.gc(true);
  const before = process.memoryUsage().rss;

  const answer = await send(requestTo(upstream.hostAndPort), null, noAbort());
  const body = Buffer.from(await textOf(answer.body), "latin1");

  expect(allValues(answer.headers, "content-encoding")).toEqual(["gzip"]);
  expect(body.equals(bomb)).toBe(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(10 * 1024 * 1024);
});

test.each([
  ["Content-Length: 1000000\r\n\r\nab"],
  ["Transfer-Encoding: chunked\r\n\r\n5\r\nab"],
  ["Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"],
])("UPS-14: an answer cut short after %p breaks the client's transfer", async (rest) => {
  for (const ending of ["end", "reset"] as const) {
    const upstream = await answering(`HTTP/1.1 200 OK\r\n${rest}`);
    const server = serveFrom(upstream.hostAndPort);
    started.push({ stop: () => server.stop(true) });

    const response = await fetch(`http://127.0.0.1:${server.port}/a`);
    upstream.exchanges[0]?.[ending]();
    const read = await response.text().catch(() => "broken");

    expect(read).toBe("broken");
  }
});

test("a body that ends with the connection is handed on whole", async () => {
  const upstream = await startRawUpstream((exchange) => exchange.end("HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nall of it"));
  started.push(upstream);

  const answer = await send(requestTo(upstream.hostAndPort), null, noAbort());

  expect(await textOf(answer.body)).toBe("all of it");
});
