import { afterEach, expect, test } from "bun:test";
import { type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns } from "../../fakes/waits.ts";
import { answerThrough, exchangeOf, poolWith, sweptPool } from "../forward/fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** The numbers of the connections of the requests. */
function connectionsOf({ exchanges }: RawUpstream): number[] {
  return exchanges.map(({ connection }) => connection);
}

test("one connection carries request after request", async () => {
  const upstream = await scripted((exchange) => exchange.write(ok));
  const pool = poolWith();

  for (let round = 0; round < 50; round += 1) {
    expect(await answerThrough(pool, upstream.hostAndPort)).toEndWith("ok[end]");
  }

  expect(upstream.connections()).toBe(1);
  expect(pool.count()).toEqual({ idle: 1, inUse: 0 });
});

test("the next request of the same turn takes the connection as soon as its answer ends", async () => {
  const upstream = await scripted((exchange) => exchange.write(ok));
  const pool = poolWith();
  let second: Promise<string> | null = null;
  const { client } = exchangeOf(pool, upstream.hostAndPort, {}, {});
  const end = client.endBody;
  client.endBody = () => {
    second ??= answerThrough(pool, upstream.hostAndPort);
    end();
  };

  await client.over;
  await second;

  expect(connectionsOf(upstream)).toEqual([1, 1]);
});

test.each([
  ["says close", "GET", "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok"],
  ["is of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ["sends more than its answer", "GET", `${ok}HTTP/1.1 200 OK\r\n`],
  ["sends a body for HEAD", "HEAD", ok],
  ["sends a body with 304", "GET", "HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\nok"],
])("a connection whose upstream %s is not used again", async (_, method, sent) => {
  const upstream = await scripted((exchange) => exchange.write(sent));
  const pool = poolWith();

  const first = await answerThrough(pool, upstream.hostAndPort, { method });
  const second = await answerThrough(pool, upstream.hostAndPort, { method });

  expect(second).toBe(first);
  expect(first).toEndWith("[end]");
  expect(connectionsOf(upstream)).toEqual([1, 2]);
});

test("HTTP/1.0 with keep-alive, and a chunked answer, leave the connection usable", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write(
      exchange.head.includes("/a")
        ? "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"
        : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
  );
  const pool = poolWith();

  for (const target of ["/a", "/b", "/a"]) await answerThrough(pool, upstream.hostAndPort, { target });

  expect(connectionsOf(upstream)).toEqual([1, 1, 1]);
});

test("the connection that was used last is used first; those idle too long are closed", async () => {
  const upstream = await scripted((exchange) => exchange.write(empty));
  const { pool, elapse } = sweptPool({ idleSeconds: 60 });
  const { hostAndPort } = upstream;
  await Promise.all([answerThrough(pool, hostAndPort), answerThrough(pool, hostAndPort)]);

  elapse(40);
  await answerThrough(pool, hostAndPort);
  const last = upstream.exchanges.at(-1)?.connection;
  elapse(40);
  await answerThrough(pool, hostAndPort);

  expect(pool.count()).toEqual({ idle: 1, inUse: 0 });
  expect(upstream.exchanges.at(-1)?.connection).toBe(last ?? 0);
  elapse(60);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test("a connection that is too old is not used, even before a sweep closes it", async () => {
  const upstream = await scripted((exchange) => exchange.write(empty));
  let time = 1_800_000_000;
  const pool = poolWith({ idleSeconds: 60, now: () => time });
  await answerThrough(pool, upstream.hostAndPort);

  time += 60;
  await answerThrough(pool, upstream.hostAndPort);

  expect(connectionsOf(upstream)).toEqual([1, 2]);
});

test("an upstream's Keep-Alive limits how long its connections are kept, minus one second", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write("HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=5\r\nContent-Length: 0\r\n\r\n"),
  );
  const { pool, elapse } = sweptPool({ idleSeconds: 60 });

  await answerThrough(pool, upstream.hostAndPort);
  elapse(3.5);
  await answerThrough(pool, upstream.hostAndPort);
  elapse(4);

  expect(connectionsOf(upstream)).toEqual([1, 1]);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test("no more than `mostIdle` connections are kept idle, and none after a drain", async () => {
  const upstream = await scripted((exchange) => exchange.write(empty));
  const pool = poolWith({ mostIdle: 2 });
  const { hostAndPort } = upstream;

  await Promise.all(Array.from({ length: 5 }, () => answerThrough(pool, hostAndPort)));
  const kept = pool.count();
  pool.drain();
  const drained = pool.count();
  const after = await answerThrough(pool, hostAndPort);

  expect([kept, drained, pool.count()].map(({ idle }) => idle)).toEqual([2, 0, 0]);
  expect(after).toEndWith("[end]");
});

test("bytes on an idle connection close it: they cannot be an answer", async () => {
  const upstream = await scripted((exchange) => exchange.write(empty));
  const pool = poolWith();
  await answerThrough(pool, upstream.hostAndPort);

  upstream.exchanges[0]?.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  await upstream.exchanges[0]?.closed;
  const second = await answerThrough(pool, upstream.hostAndPort);

  expect(second).toStartWith("[none]200 OK");
  expect(connectionsOf(upstream)).toEqual([1, 2]);
});

test("a connection that was paused for a slow client is read again for the next request", async () => {
  const upstream = await scripted((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    void turns(10).then(() => exchange.write("cd"));
  });
  const pool = poolWith();
  const { client, handle } = exchangeOf(pool, upstream.hostAndPort);
  client.isFull = true;
  await client.has("ab");

  client.isFull = false;
  handle.clientDrained();
  await client.over;

  expect(await answerThrough(pool, upstream.hostAndPort)).toEndWith("abcd[end]");
  expect(connectionsOf(upstream)).toEqual([1, 1]);
});

test("DOS-04: at the limit, idle connections to other upstreams are closed, and those in use stay open", async () => {
  const [first, second, third] = [
    await scripted((exchange) => exchange.write(ok)),
    await scripted((exchange) => exchange.write(ok)),
    await scripted(() => undefined),
  ];
  const pool = poolWith({ mostOpen: 2 });
  await answerThrough(pool, first.hostAndPort);
  await answerThrough(pool, second.hostAndPort);

  exchangeOf(pool, third.hostAndPort, {}, {});
  const oneInUse = pool.count();
  exchangeOf(pool, third.hostAndPort, {}, {});
  const twoInUse = pool.count();
  exchangeOf(pool, third.hostAndPort, {}, {});
  const threeInUse = pool.count();

  expect(oneInUse).toEqual({ idle: 1, inUse: 1 });
  expect(twoInUse).toEqual({ idle: 0, inUse: 2 });
  expect(threeInUse).toEqual({ idle: 0, inUse: 3 });
  await Promise.all([...first.exchanges, ...second.exchanges].map(({ closed }) => closed));
});
