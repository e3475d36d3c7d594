import { afterEach, expect, test } from "bun:test";
import type { OpenConnection } from "../../../src/wire/client/listener-context.ts";
import { pick, seeded } from "../../fakes/seeded.ts";
import { type RawExchange, startRawUpstream } from "../../fakes/upstream.ts";
import { turns, waitUntil, within } from "../../fakes/waits.ts";
import { switchingTo } from "../forward/tunnel-fakes.ts";
import { type Carrier, type Client, forwardsTo, startWholeWire } from "../whole-wire.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** What the upstream does with a request, by its target. */
function serve(exchange: RawExchange): void {
  switch (exchange.head.split(" ")[1]) {
    case "/ok":
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      return;
    case "/chunks":
      exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
      void turns().then(() => exchange.write("0\r\n\r\n"));
      return;
    case "/big":
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
      exchange.write(Buffer.alloc(3_000_000));
      return;
    case "/close":
      exchange.end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      return;
    case "/half":
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      void turns().then(() => exchange.reset());
      return;
    case "/dies":
      exchange.reset();
      return;
    case "/garbage":
      exchange.write("220 mail.test ESMTP\r\n");
      return;
    case "/chat":
      exchange.write(`${switchingTo(exchange.head)}\x81\x05hello`);
      return;
    case "/silent":
      return;
  }
}

const targets = ["/ok", "/chunks", "/big", "/close", "/half", "/dies", "/garbage", "/silent"] as const;
const handshake =
  "GET /chat HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function requestOf(random: () => number): string {
  const target = pick(random, targets);
  switch (
    pick(random, [
      "get",
      "get",
      "post",
      "post half",
      "chunked",
      "chunked half",
      "chunked broken",
      "head half",
      "garbage",
    ] as const)
  ) {
    case "get":
      return `GET ${target} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
    case "post":
      return `POST ${target} HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello`;
    case "post half":
      return `POST ${target} HTTP/1.1\r\nHost: app.test\r\nContent-Length: 500000\r\n\r\n${"x".repeat(Math.floor(random() * 100_000))}`;
    case "chunked":
      return `PUT ${target} HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`;
    case "chunked half":
      return `PUT ${target} HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe`;
    case "chunked broken":
      return `PUT ${target} HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n`;
    case "head half":
      return `GET ${target} HTTP/1.1\r\nHo`;
    case "garbage":
      return "\x16\x03\x01\x02\x00 and more of it\r\n\r\n";
  }
}

/** Sends some requests or opens a WebSocket, may pause, and leaves in one of several ways. */
async function visit(client: Client, random: () => number): Promise<void> {
  if (random() < 0.15) {
    client.socket.write(handshake);
    if (random() < 0.5) await client.has("hello");
    client.socket.write("\x81\x82\0\0\0\0hi");
  } else {
    await ask(client, random);
  }
  await leave(client, random);
}

async function ask(client: Client, random: () => number): Promise<void> {
  for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1) {
    client.socket.write(Buffer.from(requestOf(random), "latin1"));
    if (random() < 0.5) await turns(Math.floor(random() * 8));
    if (random() < 0.2) client.socket.pause();
  }
}

async function leave(client: Client, random: () => number): Promise<void> {
  switch (pick(random, ["reset", "reset", "destroy", "end", "wait"] as const)) {
    case "reset":
      client.carrier.resetAndDestroy();
      return;
    case "destroy":
      client.socket.destroy();
      return;
    case "end":
      client.socket.end();
      await turns();
      return;
    case "wait":
      await turns(5);
      return;
  }
}

test.each<Carrier>(["plain", "tls"])(
  "a storm of aborts of all kinds leaves nothing behind, over %s",
  async (carrier) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`storm over ${carrier}: seed ${seed}`);
    const random = seeded(seed);
    const upstream = await startRawUpstream(serve);
    const wire = await startWholeWire(carrier, forwardsTo(upstream.port));
    stops.push(() => upstream.stop(), wire.stop);

    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 30 }, async () => {
          const client = await wire.client();
          await visit(client, random);
          client.socket.destroy();
          client.carrier.destroy();
        }),
      );
    }
    // A connection that sent its FIN, or far ahead, and was then lost looks like one that waits, until something is written to it
    const isHidden = ({ clientEnded, unreadBytes }: OpenConnection) => clientEnded || unreadBytes > 64 * 1024;
    await waitUntil(() => [...wire.shared.connections].every(isHidden));
    for (let limits = 0; limits < 5; limits += 1) {
      wire.elapse(31); // of an upstream's silence, then of the request behind it, at last of what has been answered
      await turns(10);
    }
    await wire.quiet();
    wire.pool.drain();

    expect(wire.shared.connections.size).toBe(0);
    expect(wire.pool.count()).toEqual({ idle: 0, inUse: 0 });
    await within(() => Promise.all(upstream.exchanges.map(({ closed }) => closed)), "the upstream was left");
    expect(upstream.exchanges.length).toBeGreaterThan(100);

    const client = await wire.client();
    client.socket.write("GET /ok HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("\r\n\r\nok");
  },
);
