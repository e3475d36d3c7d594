import { afterEach, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import {
  type RawExchange,
  type RawUpstream,
  type RawUpstreamOptions,
  scriptedUpstreams,
} from "../../fakes/upstream.ts";
import { answerThrough, exchangeOf, forwardingTo, poolWith, recordingClient, upstreamAt } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

async function upstreamThat(
  handler: (exchange: RawExchange) => void = (exchange) => exchange.write(empty),
  options: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  return scripted(handler, options);
}

test("method, target and lines reach the upstream unchanged, in order and case, and nothing is added", async () => {
  const upstream = await upstreamThat();
  const headers: HeaderLines = [
    ["x-b", "2"],
    ["HOST", "app.test"],
    ["X-A", "\xe9\xff"],
    ["x-b", ""],
    ["Cookie", "a=1"],
  ];

  await answerThrough(poolWith(), upstream.hostAndPort, {
    method: "PROPFIND",
    target: "//a/../b;c%2F?d=\xc3\xa9&",
    headers,
  });

  expect(upstream.exchanges.map(({ head }) => head)).toEqual([
    "PROPFIND //a/../b;c%2F?d=\xc3\xa9& HTTP/1.1\r\nx-b: 2\r\nHOST: app.test\r\nX-A: \xe9\xff\r\nx-b: \r\nCookie: a=1",
  ]);
});

test.each([
  ["a GET with a length", "GET", { kind: "length", bytes: 3 }, "Content-Length: 3", ["abc"]],
  ["a POST with a length", "POST", { kind: "length", bytes: 5 }, "Content-Length: 5", ["ab", "cde"]],
  ["a POST of nothing", "POST", { kind: "length", bytes: 0 }, "Content-Length: 0", []],
  ["a GET in chunks", "GET", { kind: "chunked" }, "Transfer-Encoding: chunked", ["abc", "de"]],
  ["a DELETE of no chunks", "DELETE", { kind: "chunked" }, "Transfer-Encoding: chunked", []],
] as const)("RFC 9112 6: %s is framed as the client framed it", async (_, method, framing, line, parts) => {
  const upstream = await upstreamThat(async (exchange) => {
    await exchange.body();
    exchange.write(empty);
  });

  const { client, handle } = exchangeOf(poolWith(), upstream.hostAndPort, { method }, { framing });
  for (const part of parts) handle.bodyChunk(Buffer.from(part));
  handle.bodyEnd();
  await client.over;

  expect(upstream.exchanges[0]?.head).toBe(`${method} /a HTTP/1.1\r\nHost: app.test\r\n${line}`);
  expect(await upstream.exchanges[0]?.body()).toBe(parts.join(""));
});

test("a Content-Length keeps its place and case and states the real length; other framing lines are removed", async () => {
  const upstream = await upstreamThat(async (exchange) => {
    await exchange.body();
    exchange.write(empty);
  });
  const headers: HeaderLines = [
    ["content-LENGTH", "003"],
    ["Host", "app.test"],
    ["Transfer-Encoding", "chunked"],
  ];
  const { hostAndPort } = upstream;
  const pool = poolWith();

  const { client, handle } = exchangeOf(
    pool,
    hostAndPort,
    { method: "PUT", headers },
    { framing: { kind: "length", bytes: 3 } },
  );
  handle.bodyChunk(Buffer.from("abc"));
  handle.bodyEnd();
  await client.over;
  await answerThrough(pool, hostAndPort, { headers });

  expect(upstream.exchanges.map(({ head }) => head)).toEqual([
    "PUT /a HTTP/1.1\r\ncontent-LENGTH: 3\r\nHost: app.test",
    "GET /a HTTP/1.1\r\nHost: app.test",
  ]);
});

test("a large chunk is sent as one chunk", async () => {
  const upstream = await upstreamThat(async (exchange) => {
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${(await exchange.body()).length}`);
  });

  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "POST" },
    { framing: { kind: "chunked" } },
  );
  handle.bodyChunk(Buffer.alloc(200_000, "a"));
  handle.bodyChunk(Buffer.alloc(70_000, "b"));
  handle.bodyEnd();

  expect(await client.over).toContain("270000");
});

test.each([
  ["a value that splits the message", { headers: [["X-A", "b\r\nX-C: d"]] }],
  ["a value that is not a byte string", { headers: [["X-A", "\u0100"]] }],
  ["a name that is not a token", { headers: [["X A", "b"]] }],
  ["a target with a space", { target: "/a b" }],
  ["a method that is not a token", { method: "GET /x" }],
] as const)("%s is not sent", async (_, different) => {
  const upstream = await upstreamThat();

  const answer = await answerThrough(poolWith(), upstream.hostAndPort, different);

  expect(answer).toBe("[answer]502 upstream_not_carried: upstream: the request cannot be sent as it is");
  expect(upstream.connections()).toBe(0);
});

test("nothing reaches the client before `forward` has returned", async () => {
  const client = recordingClient();

  forward(poolWith(), forwardingTo(upstreamAt("127.0.0.1:9"), { target: "no target" }), client);

  expect(client.text()).toBe("");
  expect(await client.over).toContain("upstream_not_carried");
});

test("a body that arrives before the connection is open follows the head, and its client waits", async () => {
  const upstream = await upstreamThat(async (exchange) => {
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${await exchange.body()}`);
  });

  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "POST" },
    { framing: { kind: "length", bytes: 6 } },
  );
  handle.bodyChunk(Buffer.from("abc"));
  const waitsAtFirst = client.isPaused;
  handle.bodyChunk(Buffer.from("def"));
  handle.bodyEnd();

  expect(await client.over).toContain("abcdef[end]");
  expect([waitsAtFirst, client.isPaused]).toEqual([true, false]);
});

test("if no byte of a body arrives yet, the head is sent with the expectation of 100", async () => {
  const upstream = await upstreamThat(async (exchange) => {
    exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${await exchange.body()}`);
  });
  const headers: HeaderLines = [
    ["Host", "app.test"],
    ["Expect", "100-continue"],
  ];

  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "POST", headers },
    { framing: { kind: "length", bytes: 3 }, expectsContinue: true },
  );
  await client.has("[interim]100 Continue");
  handle.bodyChunk(Buffer.from("abc"));
  handle.bodyEnd();

  expect(await client.over).toBe("[interim]100 Continue\r\n\r\n[framed]200 OK\r\nContent-Length: 3\r\n\r\nabc[end]");
  expect(upstream.exchanges[0]?.head).toContain("\r\nExpect: 100-continue");
});

test("a unix socket is an upstream, with the given Host", async () => {
  const unixPath = `/tmp/akproxy-wire-${process.pid}.sock`;
  await rm(unixPath, { force: true });
  const upstream = await upstreamThat(undefined, { unixPath });
  const client = recordingClient();

  forward(poolWith(), forwardingTo(upstreamAt("", { unixPath })), client);

  expect(await client.over).toBe("[none]200 OK\r\nContent-Length: 0\r\n\r\n[end]");
  expect(upstream.exchanges[0]?.head).toContain("\r\nHost: app.test");
});

test("a name and an IPv6 address are upstreams", async () => {
  const upstream = await upstreamThat();

  const byName = await answerThrough(poolWith(), `localhost:${upstream.port}`);
  const byAddress = await answerThrough(poolWith(), `[::ffff:127.0.0.1]:${upstream.port}`);

  expect([byName, byAddress].map((text) => text.slice(0, 9))).toEqual(["[none]200", "[none]200"]);
});

test("UPS-09: proxy variables of the environment are not used", async () => {
  const upstream = await upstreamThat();
  process.env["HTTP_PROXY"] = "http://127.0.0.1:9";

  const answer = await answerThrough(poolWith(), upstream.hostAndPort);
  process.env["HTTP_PROXY"] = "";

  expect(answer.slice(0, 9)).toBe("[none]200");
});
