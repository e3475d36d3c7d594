import { afterEach, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type WatchedChild, watchedChild } from "./watched-child.ts";

const mebibyte = 1024 * 1024;
const total = 256 * mebibyte;
const servers: Server[] = [];
const children: Bun.Subprocess[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill();
});

async function upstreamOf(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A listener in its own process, in front of the upstream at `port`. */
async function listenerBefore(port: number): Promise<WatchedChild> {
  const script = `
    import { listenHttp } from "${import.meta.dir}/../../../src/wire/client/listener.ts";
    import { ample, roomFor } from "${import.meta.dir}/../client/connection-rooms.ts";
    import { forwardingTo, poolWith, upstreamAt } from "${import.meta.dir}/fakes.ts";
    const to = forwardingTo(upstreamAt("127.0.0.1:${port}"));
    const listener = listenHttp({
      address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
      pool: poolWith(),
      ...roomFor(ample),
      limits: { headBytes: 65536, bodyBytes: 0, idleSeconds: 60 },
      refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
      handler: ({ method, target, headers }) => ({
        kind: "forward",
        life: null,
        forwarding: { ...to, request: { ...to.request, method, target, headers } },
      }),
    });
    console.log(listener.port);`;
  const child = await watchedChild(script);
  children.push(child.process);
  return child;
}

/** Sends `total` bytes as they are taken, then `end`. */
function pour(socket: Socket, end: string): void {
  const piece = Buffer.alloc(mebibyte, "p");
  let poured = 0;
  const go = (): void => {
    while (poured < total) {
      poured += piece.length;
      if (!socket.write(piece)) {
        socket.once("drain", go);
        return;
      }
    }
    socket.write(end);
  };
  go();
}

/** Reads with a pause after each piece until `count` bytes have arrived. */
function readSlowly(socket: Socket, count: number): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
      if (received >= count) resolve(received);
      socket.pause();
      setImmediate(() => socket.resume());
    });
  });
}

test.each([
  ["with a length", `Content-Length: ${total}\r\n\r\n`, ""],
  ["in chunks", `Transfer-Encoding: chunked\r\n\r\n${total.toString(16)}\r\n`, "\r\n0\r\n\r\n"],
])(
  "256 MiB to a slow client, %s: memory stays",
  async (_, framing, end) => {
    const upstreamPort = await upstreamOf((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\n${framing}`);
        pour(socket, end);
      });
    });
    const listener = await listenerBefore(upstreamPort);
    const client = connect(listener.port, "127.0.0.1");

    client.write("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const received = await readSlowly(client, total);
    client.destroy();

    expect(received).toBeGreaterThanOrEqual(total);
    expect(await listener.grown()).toBeLessThan(80 * mebibyte);
  },
  20_000,
);

test.each([
  ["with a length", `Content-Length: ${total}\r\n\r\n`, ""],
  ["in chunks", `Transfer-Encoding: chunked\r\n\r\n${total.toString(16)}\r\n`, "\r\n0\r\n\r\n"],
])(
  "256 MiB to a slow upstream, %s: memory stays",
  async (_, framing, end) => {
    const received = Promise.withResolvers<number>();
    const upstreamPort = await upstreamOf((socket) => void readSlowly(socket, total).then(received.resolve));
    const listener = await listenerBefore(upstreamPort);
    const client = connect(listener.port, "127.0.0.1");

    client.write(`PUT /a HTTP/1.1\r\nHost: app.test\r\n${framing}`);
    pour(client, end);
    const arrived = await received.promise;
    client.destroy();

    expect(arrived).toBeGreaterThanOrEqual(total);
    expect(await listener.grown()).toBeLessThan(80 * mebibyte);
  },
  20_000,
);
