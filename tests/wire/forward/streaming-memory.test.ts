import { afterEach, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import { type WatchedChild, watchedChild } from "./watched-child.ts";

const mebibyte = 1024 * 1024;
const total = 128 * mebibyte;
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

/** An HTTPS listener in its own process, in front of an upstream that runs `serve`. */
async function listenerBefore(serve: (socket: Socket) => void): Promise<WatchedChild> {
  const server = createServer(serve);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  stops.push(() => server.close());
  const address = server.address();
  const upstream = typeof address === "object" && address !== null ? address.port : 0;
  const script = `
    import { forwardsTo, startWholeWire } from "${import.meta.dir}/../whole-wire.ts";
    const { port } = await startWholeWire("tls", forwardsTo(${upstream}));
    console.log(port);
  `;
  const child = await watchedChild(script);
  stops.push(() => child.process.kill());
  return child;
}

/** Writes `total` bytes as they are taken. */
function pour(socket: Socket): void {
  const piece = Buffer.alloc(mebibyte, "p");
  let left = total;
  const go = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!socket.write(piece)) {
        socket.once("drain", go);
        return;
      }
    }
  };
  go();
}

/** Reads with a pause after every four mebibytes; resolves with the received text when it is `enough`. */
function readSlowly(socket: Socket, enough: number): Promise<number> {
  return new Promise((resolve) => {
    let came = 0;
    let rested = 0;
    socket.on("data", (bytes: Buffer) => {
      came += bytes.length;
      if (came >= enough) resolve(came);
      if (came - rested < 4 * mebibyte) return;
      rested = came;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
  });
}

test("WS-05: 128 MiB to a slow reader over TLS need only the memory of the bytes in flight", async () => {
  const listener = await listenerBefore((socket) =>
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: ${total}\r\n\r\n`);
      pour(socket);
    }),
  );
  const client = connect({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
  stops.push(() => client.destroy());

  client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  const came = await readSlowly(
    client,
    `HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: ${total}\r\n\r\n`.length + total,
  );

  expect(came).toBe(`HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: ${total}\r\n\r\n`.length + total);
  expect(await listener.grown()).toBeLessThan(80 * mebibyte);
}, 20_000);

test("128 MiB to a slow upstream over TLS need only the memory of the bytes in flight", async () => {
  const { promise: received, resolve } = Promise.withResolvers<number>();
  const listener = await listenerBefore((socket) => void readSlowly(socket, total).then(resolve));
  const client = connect({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
  stops.push(() => client.destroy());

  client.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${total}\r\n\r\n`);
  pour(client);

  expect(await received).toBeGreaterThanOrEqual(total);
  expect(await listener.grown()).toBeLessThan(80 * mebibyte);
}, 20_000);
