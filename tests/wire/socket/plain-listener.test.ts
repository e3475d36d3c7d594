import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListenAddress } from "../../../src/core/config.ts";
import type { ByteSocket } from "../../../src/wire/socket/byte-socket.ts";
import { listenPlain } from "../../../src/wire/socket/plain-listener.ts";
import { waitUntil } from "../../fakes/waits.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

/** A client that has sent something, its paused socket at the listener, and the events that the owner got. */
async function pausedClient(address: ListenAddress) {
  const events: string[] = [];
  const { promise: paused, resolve: pausedAs } = Promise.withResolvers<ByteSocket>();
  const listener = listenPlain(address, (socket) => ({
    data() {
      socket.pause();
      pausedAs(socket);
    },
    drained() {}, //                               Bun says so of a paused socket once, for nothing
    ended: () => events.push("ended"),
    closed: () => events.push("closed"),
    failed() {},
  }));
  stops.push(() => listener.stop());
  const client =
    address.kind === "unix" ? connect(address.path) : connect({ host: "127.0.0.1", port: listener.port ?? 0 });
  client.on("error", () => undefined);
  client.write("hello");
  const socket = await paused;
  stops.push(() => socket.terminate());
  return { client, socket, events };
}

function unixAddress(): ListenAddress {
  const folder = mkdtempSync(join(tmpdir(), "listener-"));
  stops.push(() => rmSync(folder, { recursive: true }));
  return { kind: "unix", path: join(folder, "socket") };
}

async function gone(client: Socket): Promise<void> {
  await new Promise<void>((closed) => {
    client.once("close", closed);
    client.destroy();
  });
}

test.each<[string, () => ListenAddress]>([
  ["TCP", () => ({ kind: "tcp", hostname: "127.0.0.1", port: 0 })],
  ["a unix socket", unixAddress],
])("a client that was lost while its socket was paused is detected by a write, over %s", async (_, address) => {
  const { client, socket, events } = await pausedClient(address());
  await gone(client);

  // Over TCP the first bytes cause the RST, and a later write of the same turn meets it
  while (socket.write(Buffer.alloc(100)));
  const eventsInThisTurn = [...events];

  await waitUntil(() => events.includes("closed"));
  expect(eventsInThisTurn).toEqual([]);
  expect(events.at(-1)).toBe("closed");
});

test("unread bytes of a client do not keep its connection after it is lost", async () => {
  const { client, socket, events } = await pausedClient({ kind: "tcp", hostname: "127.0.0.1", port: 0 });
  client.write(Buffer.alloc(200_000));
  await waitUntil(() => client.writableLength === 0);
  await gone(client);

  while (socket.write(Buffer.alloc(100)));

  await waitUntil(() => events.includes("closed"));
});

test("a client that reads nothing for a while is not lost", async () => {
  const { client, socket, events } = await pausedClient({ kind: "tcp", hostname: "127.0.0.1", port: 0 });
  client.pause();

  let sent = 0;
  for (let isTaken = true; isTaken; sent += 1_000_000) isTaken = socket.write(Buffer.alloc(1_000_000));
  let received = 0;
  client.on("data", (bytes: Buffer) => {
    received += bytes.length;
  });
  client.resume();

  await waitUntil(() => received >= sent);
  expect(events).toEqual([]);
});
