import { afterEach, expect, test } from "bun:test";
import { type RawExchange, type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { exchangeOf, poolWith } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const upload = { framing: { kind: "length", bytes: 1000 } } as const;

/** Resolves when the upstream has received a request head. */
async function asked(upstream: RawUpstream): Promise<RawExchange> {
  await waitUntil(() => upstream.exchanges.length > 0);
  const [exchange] = upstream.exchanges;
  if (exchange === undefined) throw new Error("the request is gone");
  return exchange;
}

test.each([
  ["before an answer", ""],
  ["in the middle of a stream", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"],
  ["in the middle of a body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na"],
])(
  "a client that leaves %s: the upstream's connection is closed, and the client gets nothing more",
  async (_, sent) => {
    const upstream = await scripted((exchange) => exchange.write(sent));
    const pool = poolWith();
    const { client, handle } = exchangeOf(pool, upstream.hostAndPort);
    const exchange = await asked(upstream);
    if (sent !== "") await client.has("a");
    const before = client.text();

    handle.clientGone();
    await exchange.closed;

    expect(client.text()).toBe(before);
    expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
  },
);

test("if a client leaves before the connection is open, the connection is closed as soon as it opens", async () => {
  const upstream = await scripted();
  const pool = poolWith();
  const { client, handle } = exchangeOf(pool, upstream.hostAndPort);

  handle.clientGone();
  await turns(10); // the connection stands by then

  expect(client.text()).toBe("");
  expect(upstream.exchanges.length).toBe(0);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test("HTTP-02: a body that breaks off closes the upstream connection, and the listener answers", async () => {
  const upstream = await scripted();
  const { client, handle } = exchangeOf(poolWith(), upstream.hostAndPort, { method: "POST" }, upload);
  handle.bodyChunk(Buffer.from("abc"));
  const exchange = await asked(upstream);

  handle.bodyBroken();
  handle.clientGone();
  await exchange.closed;

  expect(client.text()).toBe("");
});

test("an answer before the end of the body is forwarded; the upload ends with it, and the connection is not used again", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nth"),
  );
  const pool = poolWith();
  const { client, handle } = exchangeOf(pool, upstream.hostAndPort, { method: "POST" }, upload);
  handle.bodyChunk(Buffer.from("abc"));
  await client.has("th");
  const exchange = await asked(upstream);

  exchange.write("is");
  const answer = await client.over;
  handle.bodyChunk(Buffer.from("def"));
  handle.bodyEnd();
  await exchange.closed;

  expect(answer).toBe("[framed]413 Too Large\r\nContent-Length: 4\r\n\r\nthis[end]");
  expect(exchange.received()).toBe(3);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test("an upstream that answers while it reads still gets the body, and its answer is read", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
  );
  const pool = poolWith();
  const { client, handle } = exchangeOf(
    pool,
    upstream.hostAndPort,
    { method: "POST" },
    { framing: { kind: "length", bytes: 6 } },
  );
  await client.has("200 OK");
  const exchange = await asked(upstream);

  handle.bodyChunk(Buffer.from("abc"));
  exchange.write("1\r\nx\r\n");
  await client.has("x");
  handle.bodyChunk(Buffer.from("def"));
  handle.bodyEnd();
  exchange.write(`6\r\n${await exchange.body()}\r\n0\r\n\r\n`);

  expect(await client.over).toEndWith("1\r\nx\r\n6\r\nabcdef\r\n0\r\n\r\n[end]");
  expect(pool.count()).toEqual({ idle: 1, inUse: 0 });
});

test("an upstream that answers and closes at once, while the client still sends", async () => {
  const upstream = await scripted((exchange) => exchange.end("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"));
  const { client, handle } = exchangeOf(poolWith(), upstream.hostAndPort, { method: "POST" }, upload);
  handle.bodyChunk(Buffer.from("abc"));

  const answer = await client.over;
  handle.bodyChunk(Buffer.from("def"));

  expect(answer).toBe("[framed]401 No\r\nContent-Length: 2\r\n\r\nno[end]");
});

test("an upstream that stops reading, answers and says close: the answer arrives", async () => {
  const upstream = await scripted((exchange) => {
    exchange.socket.pause();
    exchange.write("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  });
  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "POST" },
    { framing: { kind: "chunked" } },
  );

  while (!client.text().endsWith("[end]")) {
    if (!client.isPaused) handle.bodyChunk(Buffer.alloc(256 * 1024));
    await turns();
  }

  expect(client.text()).toBe("[framed]413 No\r\nContent-Length: 2\r\n\r\nno[end]");
});
