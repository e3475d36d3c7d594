import { afterEach, expect, test } from "bun:test";
import { type RawExchange, scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntilStill } from "../../fakes/waits.ts";
import { exchangeOf, poolWith } from "./fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);
const mebibyte = 1024 * 1024;
const piece = Buffer.alloc(mebibyte, "p");

/** Sends `count` pieces as fast as they are taken. Returns how many were taken. */
function pour({ socket }: RawExchange, count: number): () => number {
  let poured = 0;
  const go = (): void => {
    while (poured < count) {
      poured += 1;
      if (!socket.write(piece)) {
        socket.once("drain", go);
        return;
      }
    }
  };
  go();
  return () => poured;
}

test("a client that does not read holds the upstream back, and the answer continues when it reads again", async () => {
  let poured = (): number => 0;
  const upstream = await scripted((exchange) => {
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * mebibyte}\r\n\r\n`);
    poured = pour(exchange, 64);
  });
  const { client, handle } = exchangeOf(poolWith(), upstream.hostAndPort);
  client.isFull = true;
  await client.has("200 OK");
  await waitUntilStill(() => client.bytesTaken() + poured());
  const taken = client.bytesTaken();
  const ahead = poured();

  client.isFull = false;
  handle.clientDrained();
  await client.over;

  expect(taken).toBeLessThan(4 * mebibyte);
  expect(ahead).toBeLessThan(32);
  expect(client.bytesTaken()).toBe(64 * mebibyte);
});

test("an upstream that does not read holds the client back, and gets everything when it reads again", async () => {
  const upstream = await scripted(async (exchange) => {
    exchange.socket.pause();
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n`);
    exchange.write(String((await exchange.body()).length).padStart(8));
  });
  const { client, handle } = exchangeOf(
    poolWith(),
    upstream.hostAndPort,
    { method: "PUT" },
    { framing: { kind: "length", bytes: 32 * mebibyte } },
  );
  await client.has("200 OK");
  let sent = 0;
  const sendWhileTaken = async (): Promise<void> => {
    while (sent < 32 && !client.isPaused) {
      handle.bodyChunk(piece);
      sent += 1;
      await new Promise(setImmediate);
    }
  };
  await sendWhileTaken();
  const sentAtFirst = sent;

  upstream.exchanges[0]?.socket.resume();
  while (sent < 32) {
    await turns();
    await sendWhileTaken();
  }
  handle.bodyEnd();

  expect(await client.over).toEndWith(`${32 * mebibyte}[end]`);
  expect(sentAtFirst).toBeLessThan(16);
});

test("SSE: each event reaches the client before the next is sent", async () => {
  const upstream = await scripted((exchange) =>
    exchange.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
  );
  const { client } = exchangeOf(poolWith(), upstream.hostAndPort);
  let flushes = 0;
  client.flush = () => {
    flushes += 1;
  };
  await client.has("text/event-stream");

  for (const number of [1, 2, 3]) {
    upstream.exchanges[0]?.write(`9\r\ndata: ${number}\n\n\r\n`);
    await client.has(`data: ${number}`);
  }

  expect(client.text()).toEndWith("9\r\ndata: 3\n\n\r\n");
  expect(flushes).toBeGreaterThan(0);
});
