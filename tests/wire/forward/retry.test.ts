import { afterEach, expect, test } from "bun:test";
import type { UpstreamRequest } from "../../../src/core/upstream/upstream-request.ts";
import type { ClientSide } from "../../../src/wire/forward/sides.ts";
import { type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { answerThrough, exchangeOf, poolWith } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** An upstream whose first connection answers once and does `atSecond` with the second request. Other connections answer. */
async function staleUpstream(atSecond: "end" | "reset" | "half an answer", breaks = 1): Promise<RawUpstream> {
  const upstream = await scripted((exchange) => {
    const earlier = upstream.exchanges.filter(({ connection }) => connection === exchange.connection).length;
    if (earlier === 1 && (exchange.connection === 1 || exchange.connection > breaks)) exchange.write(ok);
    else if (atSecond === "half an answer") exchange.end("HTTP/1.1 200 OK\r\n");
    else exchange[atSecond]();
  });
  return upstream;
}

async function secondAnswer(
  upstream: RawUpstream,
  request: Partial<UpstreamRequest>,
  client: Partial<ClientSide> = {},
): Promise<string> {
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort);
  return answerThrough(pool, upstream.hostAndPort, request, client);
}

test.each([
  ["GET", "end"],
  ["GET", "reset"],
  ["HEAD", "end"],
  ["OPTIONS", "end"],
  ["DELETE", "reset"],
] as const)(
  "RFC 9110 9.2.2: a %s on a pooled connection that gets an %s instead of an answer is sent once more",
  async (method, how) => {
    const upstream = await staleUpstream(how);

    const answer = await secondAnswer(upstream, { method, target: "/b" });

    expect(answer.slice(0, 14)).toContain("200 OK");
    expect(upstream.exchanges.map(({ head, connection }) => [head.split(" HTTP")[0], connection])).toEqual([
      ["GET /a", 1],
      [`${method} /b`, 1],
      [`${method} /b`, 2],
    ]);
  },
);

test.each([
  ["POST", "end"],
  ["POST", "reset"],
  ["PATCH", "end"],
  ["PROPFIND", "end"],
] as const)("UPS-10: a %s that gets an %s is seen once", async (method, how) => {
  const upstream = await staleUpstream(how);

  const answer = await secondAnswer(upstream, { method });

  expect(answer).toContain("502 upstream_unreachable");
  expect(upstream.exchanges.length).toBe(2);
});

test("UPS-10: not even a GET is sent again once a byte of its answer has arrived", async () => {
  const upstream = await staleUpstream("half an answer");

  const answer = await secondAnswer(upstream, {});

  expect(answer).toContain("502 upstream_unreachable");
  expect(upstream.exchanges.length).toBe(2);
});

test("UPS-10: a request is retried once, not twice, and on a new connection", async () => {
  const upstream = await staleUpstream("end", 2);

  const answer = await secondAnswer(upstream, {});

  expect(answer).toContain("502 upstream_unreachable");
  expect(upstream.exchanges.map(({ connection }) => connection)).toEqual([1, 1, 2]);
});

test("a new connection that breaks is not a stale one: nothing is sent again", async () => {
  const upstream = await scripted((exchange) => exchange.end());

  const answer = await answerThrough(poolWith(), upstream.hostAndPort);

  expect(answer).toContain("502 upstream_unreachable");
  expect(upstream.exchanges.length).toBe(1);
});

const put = { method: "PUT", target: "/put" };
const threeBytes = { framing: { kind: "length", bytes: 3 } } as const;

test("UPS-10: a PUT is not sent again after a byte of its body was sent", async () => {
  const upstream = await staleUpstream("end");
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort);

  const { client, handle } = exchangeOf(pool, upstream.hostAndPort, put, threeBytes);
  handle.bodyChunk(Buffer.from("abc"));
  handle.bodyEnd();

  expect(await client.over).toContain("502 upstream_unreachable");
  expect(upstream.exchanges.length).toBe(2);
});

test("a PUT whose body has not started is sent again, with its body", async () => {
  const upstream = await scripted(async (exchange) => {
    if (exchange.head.startsWith("GET")) exchange.write(ok);
    else if (exchange.connection === 1) exchange.end();
    else exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${await exchange.body()}`);
  });
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort);

  const { client, handle } = exchangeOf(pool, upstream.hostAndPort, put, threeBytes);
  await waitUntil(() => upstream.exchanges.length >= 3);
  handle.bodyChunk(Buffer.from("abc"));
  handle.bodyEnd();

  expect(await client.over).toEndWith("abc[end]");
  expect(upstream.exchanges.map(({ head }) => head.split(" HTTP")[0])).toEqual(["GET /a", "PUT /put", "PUT /put"]);
});

test("a GET on a connection that the upstream closed while it was idle is answered", async () => {
  const upstream = await scripted((exchange) => exchange.end(ok));
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort);
  await upstream.exchanges[0]?.closed;

  const answer = await answerThrough(pool, upstream.hostAndPort, { method: "POST" });

  expect(answer).toEndWith("ok[end]");
});
