import { afterEach, expect, test } from "bun:test";
import { type RawExchange, type RawUpstream, startRawUpstream } from "../fakes/upstream.ts";
import { exchangeOf, poolWith } from "./upstream-fakes.ts";

const started: RawUpstream[] = [];
const mebibyte = 1024 * 1024;
const piece = Buffer.alloc(mebibyte, "p");

afterEach(async () => {
  for (const upstream of started.splice(0)) await upstream.stop();
});

async function scripted(handler: (exchange: RawExchange) => void): Promise<RawUpstream> {
  const upstream = await startRawUpstream(handler);
  started.push(upstream);
  return upstream;
}

/** Sends `count` pieces as fast as they are taken; answers how many were. */
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

/** How far memory rose above where it stood, at most; in bytes. */
function watchMemory(): () => number {
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 2);
  return () => {
    clearInterval(watch);
    return peak - before;
  };
}

test("a client that does not read holds the upstream back, and its connection goes on when it reads again", async () => {
  let poured = (): number => 0;
  const upstream = await scripted((exchange) => {
    exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * mebibyte}\r\n\r\n`);
    poured = pour(exchange, 64);
  });
  const { client, handle } = exchangeOf(poolWith(), upstream.hostAndPort);
  client.isFull = true;
  await client.has("200 OK");
  await Bun.sleep(150);
  const taken = client.bytesTaken();
  const ahead = poured();

  client.isFull = false;
  handle.clientDrained();
  await client.over;

  expect(taken).toBeLessThan(4 * mebibyte);
  expect(ahead).toBeLessThan(32);
  expect(client.bytesTaken()).toBe(64 * mebibyte);
});

test("an upstream that does not read holds the client back, and is sent all when it reads again", async () => {
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
    await Bun.sleep(1);
    await sendWhileTaken();
  }
  handle.bodyEnd();

  expect(await client.over).toEndWith(`${32 * mebibyte}[end]`);
  expect(sentAtFirst).toBeLessThan(16);
});

test("256 MiB to a slow client, chunked and with a length: memory stays", async () => {
  const total = 256 * mebibyte;
  const upstream = await scripted((exchange) => {
    if (exchange.head.includes("/chunked")) {
      exchange.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${total.toString(16)}\r\n`);
    } else exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    pour(exchange, 256);
    if (exchange.head.includes("/chunked")) {
      const end = setInterval(() => {
        if (exchange.socket.writableLength > 0 || exchange.socket.bytesWritten < total) return;
        clearInterval(end);
        exchange.write("\r\n0\r\n\r\n");
      }, 1);
    }
  });
  const pool = poolWith();

  for (const target of ["/length", "/chunked"]) {
    const rose = watchMemory();
    const { client, handle } = exchangeOf(pool, upstream.hostAndPort, { target });
    let drains = 0;
    const { write } = client;
    client.write = (bytes) => {
      write(bytes);
      drains += 1;
      if (drains % 4 > 0) return true;
      setImmediate(() => handle.clientDrained());
      return false;
    };
    await client.over;

    expect(client.bytesTaken()).toBeGreaterThanOrEqual(total);
    expect(rose()).toBeLessThan(96 * mebibyte);
  }
}, 20_000);

test("256 MiB from a fast client to a slow upstream, in chunks: memory stays", async () => {
  let received = 0;
  const slow = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        received += bytes.length;
        if (bytes.includes("0\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        else {
          socket.pause();
          setImmediate(() => socket.resume());
        }
      },
    },
  });
  const rose = watchMemory();
  const { client, handle } = exchangeOf(
    poolWith(),
    `127.0.0.1:${slow.port}`,
    { method: "POST" },
    { framing: { kind: "chunked" } },
  );
  for (let sent = 0; sent < 1024; ) {
    if (!client.isPaused) {
      handle.bodyChunk(Buffer.alloc(256 * 1024, "c"));
      sent += 1;
    }
    await new Promise(setImmediate);
  }
  handle.bodyEnd();

  expect(await client.over).toContain("200 OK");
  expect(received).toBeGreaterThan(256 * mebibyte);
  expect(rose()).toBeLessThan(96 * mebibyte);
  slow.stop(true);
}, 20_000);

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
