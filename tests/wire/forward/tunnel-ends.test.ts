import { afterEach, expect, test } from "bun:test";
import { createServer } from "node:net";
import { scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns, waitUntil, waitUntilStill } from "../../fakes/waits.ts";
import { sweptPool } from "./fakes.ts";
import { type HeardTunnel, heardTunnel, switchingTo, tunnelTo } from "./tunnel-fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

async function opened(more = ""): Promise<HeardTunnel> {
  return heardTunnel(await scripted((exchange) => exchange.write(switchingTo(exchange.head, more))));
}

test("half-close: what the upstream sends after the client's FIN arrives, then both sides end", async () => {
  let taken = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once("data", (head: Buffer) => {
      socket.write(switchingTo(head.toString("latin1")), "latin1");
      socket.on("data", (bytes: Buffer) => {
        taken += bytes.length;
      });
      socket.on("end", () => turns().then(() => socket.end(`${taken} taken`)));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const { client, handle, events } = tunnelTo(`127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  await client.has("[tunnel]101");

  handle.clientBytes(Buffer.alloc(200_000, "c"));
  handle.clientEnded();
  await client.has("[fin]");
  server.close();

  expect(client.text()).toEndWith("200000 taken[fin]");
  expect(events).toEqual(["answered 101", "opened", "closed"]);
});

test("half-close: what the client sends after the upstream's FIN arrives", async () => {
  const { client, handle, events, exchange, heard } = await opened();
  exchange.socket.allowHalfOpen = true;
  exchange.end("bye");
  await client.has("bye[fin]");

  handle.clientBytes(Buffer.from("late"));
  await heard.has("late");
  const before = [...events];
  handle.clientEnded();
  await exchange.closed;

  expect(before).toEqual(["answered 101", "opened"]);
  expect(events).toEqual(["answered 101", "opened", "closed"]);
  expect(client.text()).not.toContain("[abort]");
});

test("a side that does not end after the other one is cut after 30 seconds without a byte", async () => {
  const upstream = await scripted((exchange) => {
    exchange.socket.allowHalfOpen = true;
    exchange.write(switchingTo(exchange.head));
    exchange.end();
  });
  const { pool, elapse } = sweptPool();
  const { client, handle, events } = tunnelTo(upstream.hostAndPort, pool);
  await client.has("[fin]");

  elapse(29);
  handle.clientBytes(Buffer.from("x"));
  elapse(29);
  const before = [...events];
  elapse(1);

  expect(before).not.toContain("closed");
  expect(events).toContain("closed");
  expect(client.text()).toEndWith("[abort]");
});

test("an upstream that breaks off cuts the client, a client that leaves cuts the upstream", async () => {
  const broken = await opened();
  const left = await opened();

  broken.exchange.reset();
  left.handle.clientGone();

  expect(await broken.client.over).toEndWith("[abort]");
  await left.exchange.closed;
  expect([broken.events.at(-1), left.events.at(-1)]).toEqual(["closed", "closed"]);
  expect(left.client.text()).not.toContain("[abort]");
});

test("WS-05: a client that does not read stops the upstream, an upstream that does not read stops the client", async () => {
  const { client, handle, exchange, heard } = await opened();
  client.isFull = true;
  const flood = Buffer.alloc(1024 * 1024, "u");
  for (let round = 0; round < 64; round += 1) exchange.write(flood);
  await waitUntilStill(() => client.bytesTaken());
  const taken = client.bytesTaken();
  exchange.socket.pause();
  const clientIsStopped = (): boolean => client.isPaused;
  let given = 0;
  while (!clientIsStopped()) {
    handle.clientBytes(Buffer.alloc(256 * 1024, "c"));
    given += 256 * 1024;
    await new Promise(setImmediate);
  }

  client.isFull = false;
  handle.clientDrained();
  exchange.socket.resume();
  await waitUntil(() => client.bytesTaken() >= 64 * 1024 * 1024 && heard.text().length >= given);

  expect(taken).toBeLessThan(8 * 1024 * 1024);
  expect(given).toBeLessThan(32 * 1024 * 1024);
  expect(clientIsStopped()).toBe(false);
});
