import { afterEach, expect, test } from "bun:test";
import { type RawExchange, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { answerThrough, exchangeOf, poolWith, sweptPool } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

test.each([
  ["closes without an answer", (exchange: RawExchange) => exchange.end(), "connection closed"],
  ["resets the connection", (exchange: RawExchange) => exchange.reset(), "ECONNRESET"],
  [
    "closes in the middle of the head",
    (exchange: RawExchange) => exchange.end("HTTP/1.1 200 OK\r\nA"),
    "connection closed",
  ],
  ["closes after a 103", (exchange: RawExchange) => exchange.end("HTTP/1.1 103 E\r\n\r\n"), "connection closed"],
  [
    "UPS-16: answers 101 unasked",
    (exchange: RawExchange) => exchange.write("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "a 101 that was not requested",
  ],
  [
    "answers no HTTP",
    (exchange: RawExchange) => exchange.write("SSH-2.0-x\r\n"),
    "the answer does not begin with HTTP/1",
  ],
  [
    "UPS-13: gives a length beside chunked framing",
    (exchange: RawExchange) =>
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Content-Length beside Transfer-Encoding",
  ],
  [
    "gives two lengths",
    (exchange: RawExchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "Content-Length is not one whole number below 2^53",
  ],
  [
    "sends a head that does not end",
    (exchange: RawExchange) => exchange.write(`HTTP/1.1 200 OK\r\nA: ${"a".repeat(300 * 1024)}`),
    "a head of more than 262144 bytes",
  ],
  [
    "sends interim answers without end",
    (exchange: RawExchange) => exchange.write("HTTP/1.1 102 Processing\r\n\r\n".repeat(33)),
    "too many interim responses",
  ],
] as const)("an upstream that %s is unreachable, and its connection is closed", async (_, handler, why) => {
  const upstream = await scripted(handler);
  const pool = poolWith();

  const answer = await answerThrough(pool, upstream.hostAndPort);

  const reason = `upstream: "${upstream.origin}" gave no usable answer: ${why}`;
  expect(answer.replace(/(\[interim].*?\r\n\r\n)*/s, "")).toBe(`[answer]502 upstream_unreachable: ${reason}`);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
  await upstream.exchanges[0]?.closed;
});

test("no listener: unreachable, with a message that names the upstream and does not contain the target", async () => {
  const upstream = await scripted();
  await upstream.stop();

  const answer = await answerThrough(poolWith(), upstream.hostAndPort, { target: "/a?token=secret" });

  expect(answer).toBe(
    `[answer]502 upstream_unreachable: upstream: "${upstream.origin}" gave no usable answer: ECONNREFUSED`,
  );
});

test("no listener is unreachable for a request with a body too", async () => {
  const upstream = await scripted();
  await upstream.stop();

  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "POST" },
    { framing: { kind: "chunked" } },
  );
  handle.bodyChunk(Buffer.from("abc"));
  const answer = await client.over;
  handle.bodyChunk(Buffer.from("def"));
  handle.bodyEnd();

  expect(answer).toContain("502 upstream_unreachable");
  expect(client.text()).toBe(answer);
});

test("a name that does not resolve and an invalid port are unreachable", async () => {
  const byName = await answerThrough(poolWith(), "nowhere.invalid:80");
  const byPort = await answerThrough(poolWith(), "127.0.0.1:70000");

  expect(byPort).toContain("502 upstream_unreachable");
  expect(byName).toContain('502 upstream_unreachable: upstream: "http://nowhere.invalid:80" gave no usable answer: E');
});

test.each([
  [
    "short of its length",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab",
    "[framed]200 OK\r\nContent-Length: 10\r\n\r\nab",
  ],
  [
    "in the middle of its chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "[framed]200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
  ],
  [
    "before the last chunk",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "[framed]200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
  ],
])("UPS-14: an upstream that closes or resets %s breaks the client's transfer", async (_, sent, given) => {
  const closing = await scripted((exchange) => exchange.end(sent));
  const resetting = await scripted((exchange) => {
    exchange.write(sent);
    void turns(4).then(() => exchange.reset());
  });

  expect(await answerThrough(poolWith(), closing.hostAndPort)).toBe(`${given}[abort]`);
  expect(await answerThrough(poolWith(), resetting.hostAndPort)).toBe(`${given}[abort]`);
});

test("UPS-14: a reset in the middle of a body that ends with the connection is not its end", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\n\r\nab");
    void turns(4).then(() => exchange.reset());
  });

  expect(await answerThrough(poolWith(), upstream.hostAndPort)).toBe(
    "[framed]200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n[abort]",
  );
});

test("an invalid chunk breaks the client's transfer and is not forwarded", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n");
  });

  expect(await answerThrough(poolWith(), upstream.hostAndPort)).toBe(
    "[framed]200 OK\r\nTransfer-Encoding: chunked\r\n\r\n[abort]",
  );
});

test("an upstream that stays silent is a timeout, and its connection is closed", async () => {
  const upstream = await scripted();
  const { pool, elapse } = sweptPool();
  const { client } = exchangeOf(pool, upstream.hostAndPort, { timeoutSeconds: 30 });
  await waitUntil(() => upstream.exchanges.length > 0);

  elapse(29);
  const before = client.text();
  elapse(1);

  expect(before).toBe("");
  expect(await client.over).toBe(`[answer]504 upstream_timeout: upstream: "${upstream.origin}" sent nothing for 30 s`);
  await upstream.exchanges[0]?.closed;
});

test("a connection that does not open is a timeout", async () => {
  const { pool, elapse } = sweptPool({ connectSeconds: 10 });
  const { client } = exchangeOf(pool, "127.0.0.1:9", { timeoutSeconds: 30 });

  elapse(10);

  expect(client.text()).toBe(
    '[answer]504 upstream_timeout: upstream: "http://127.0.0.1:9" accepted no connection for 10 s',
  );
});

test("a body that arrives slowly after the head is not a timeout, and a limit of 0 means no limit", async () => {
  const upstream = await scripted((exchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"));
  const silent = await scripted();
  const { pool, elapse } = sweptPool();
  const { client } = exchangeOf(pool, upstream.hostAndPort, { timeoutSeconds: 30 });
  const { client: patient } = exchangeOf(pool, silent.hostAndPort, { timeoutSeconds: 0 });
  await client.has("\r\n\r\no");
  await waitUntil(() => silent.exchanges.length > 0);

  elapse(3_000);
  upstream.exchanges[0]?.write("k");

  expect(await client.over).toEndWith("ok[end]");
  expect(patient.text()).toBe("");
});

test("a client that still sends its body, or has paused in the middle, does not use up the upstream's time", async () => {
  const upstream = await scripted();
  const { pool, elapse } = sweptPool();
  const { client, handle } = exchangeOf(
    pool,
    upstream.hostAndPort,
    { method: "POST", timeoutSeconds: 30 },
    { framing: { kind: "length", bytes: 6 } },
  );
  await waitUntil(() => upstream.exchanges.length > 0);

  handle.bodyChunk(Buffer.from("abc"));
  elapse(29);
  handle.bodyChunk(Buffer.from("de"));
  elapse(29);
  elapse(29);
  handle.bodyChunk(Buffer.from("f"));
  handle.bodyEnd();
  elapse(29);
  const before = client.text();
  elapse(1);

  expect(before).toBe("");
  expect(client.text()).toContain("504 upstream_timeout");
});
