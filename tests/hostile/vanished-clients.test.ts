import { afterEach, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { waitUntil } from "../fakes/waits.ts";
import { forwardsTo, startWholeWire, type WholeWire } from "../wire/whole-wire.ts";

let upstream: Server;
let wire: WholeWire;
const held: Socket[] = [];
afterEach(() => {
  wire.stop();
  for (const socket of held.splice(0)) socket.destroy();
  upstream.close();
});

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const event = "5\r\ndata\n\r\n";
const get = "GET /events HTTP/1.1\r\nHost: app.test\r\n\r\n";

/** An upstream that sends the head of a stream and one event, and is quiet then. */
async function startStream(carrier: "plain" | "tls"): Promise<void> {
  upstream = createServer((socket) => {
    held.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(head + event));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = upstream.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  wire = await startWholeWire(carrier, forwardsTo(address.port));
}

async function openStream() {
  const client = await wire.client();
  client.socket.write(get);
  await client.has("data");
  return client;
}

test("L2: a stream whose client has closed is given up after 30 s, on both sides", async () => {
  await startStream("plain");
  const client = await openStream();

  client.socket.end();
  await waitUntil(() => [...wire.shared.connections].every(({ clientEnded }) => clientEnded));
  wire.elapse(29);

  expect(wire.shared.connections.size).toBe(1);

  wire.elapse(31);
  await wire.quiet();
});

test("L2: over TLS a close is a close of both directions, so the stream is given up at once", async () => {
  await startStream("tls");
  const client = await openStream();

  client.socket.end();
  await waitUntil(() => [...wire.shared.connections].every(({ clientEnded }) => clientEnded));
  wire.elapse(2);

  await wire.quiet();
});

test("L2: while akproxy stops, a stream whose client has closed is given up within two seconds", async () => {
  await startStream("plain");
  const client = await openStream();

  client.socket.end();
  await waitUntil(() => [...wire.shared.connections].every(({ clientEnded }) => clientEnded));
  wire.shared.isDraining = true;
  wire.elapse(3);

  await wire.quiet();
});

test("a client that has only closed its sending side still gets the stream while it moves", async () => {
  await startStream("plain");
  const client = await openStream();

  client.socket.end();
  await waitUntil(() => [...wire.shared.connections].every(({ clientEnded }) => clientEnded));
  for (let sent = 0; sent < 3; sent += 1) {
    wire.elapse(9);
    held[0]?.write(`6\r\nmore ${sent}\r\n`);
    await client.has(`more ${sent}`);
  }

  expect(wire.shared.connections.size).toBe(1);
});

test("a stream whose client resets the connection ends at once", async () => {
  await startStream("plain");
  const client = await openStream();

  client.carrier.resetAndDestroy();

  await wire.quiet();
});

test("control: a quiet stream whose client is there goes on", async () => {
  await startStream("plain");
  await openStream();

  wire.elapse(600);

  expect(wire.shared.connections.size).toBe(1);
});
