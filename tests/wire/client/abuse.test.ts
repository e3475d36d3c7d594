import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { sweepConnections } from "../../../src/wire/client/listener.ts";
import { listenTls } from "../../../src/wire/socket/tls-listener.ts";
import { type RawExchange, startRawUpstream } from "../../fakes/upstream.ts";
import { turns, waitUntil, within } from "../../fakes/waits.ts";
import { certificate, forwardsTo, startWholeWire, type WholeWire } from "../whole-wire.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async function wired(
  serve: (exchange: RawExchange) => void = (exchange) => exchange.write(ok),
): Promise<{ readonly wire: WholeWire; readonly exchanges: readonly RawExchange[] }> {
  const upstream = await startRawUpstream(serve);
  const wire = await startWholeWire("plain", forwardsTo(upstream.port));
  stops.push(() => upstream.stop(), wire.stop);
  return { wire, exchanges: upstream.exchanges };
}

/** Sweeps as if so many seconds had passed. */
function sweepAfter({ shared }: WholeWire, seconds: number): void {
  sweepConnections(shared, Date.now() + seconds * 1000);
}

/** Resolves when the listener has read `bytes` bytes of an incomplete request. */
function unread({ shared }: WholeWire, bytes: number): Promise<number> {
  return waitUntil(() => [...shared.connections].some((connection) => connection.unreadBytes >= bytes));
}

describe("DOS-02: a head that drips", () => {
  test("is answered 408 ten seconds after its first byte, even if bytes still arrive", async () => {
    const { wire, exchanges } = await wired();
    const client = await wire.client();
    client.socket.write("GET / HT");
    await unread(wire, 8);

    sweepAfter(wire, 6);
    client.socket.write("TP/1.1\r\nX: ");
    await unread(wire, 19);
    sweepAfter(wire, 11);

    await within(() => client.over, "the client was left");
    expect(client.text()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*\r\nconnection: close\r\n/s);
    expect(exchanges).toEqual([]);
  });

  test("is not cut before", async () => {
    const { wire } = await wired();
    const client = await wire.client();
    client.socket.write("GET / HT");
    await unread(wire, 8);

    sweepAfter(wire, 9);
    client.socket.write("TP/1.1\r\nHost: app.test\r\n\r\n");

    await client.has("\r\n\r\nok");
  });
});

describe("DOS-02: a body", () => {
  const head = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000\r\n\r\n";

  async function uploading(bytes: number) {
    const { wire, exchanges } = await wired(() => undefined);
    const client = await wire.client();
    client.socket.write(head + "x".repeat(bytes));
    await received(exchanges, bytes);
    return { wire, client, exchanges };
  }

  function received(exchanges: readonly RawExchange[], bytes: number): Promise<number> {
    return waitUntil(() => (exchanges[0]?.received() ?? 0) >= bytes);
  }

  test("that brings less than a kilobyte in twenty seconds is answered 408, and the upstream connection is given up", async () => {
    const { wire, client, exchanges } = await uploading(1023);

    sweepAfter(wire, 21);

    await within(() => client.over, "the client was left");
    await within(() => exchanges[0]?.closed ?? Promise.reject(), "the upstream was left");
    expect(client.text()).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
  });

  test("that arrives slowly and steadily is accepted until it stops", async () => {
    const { wire, client, exchanges } = await uploading(1024);

    sweepAfter(wire, 21);
    client.socket.write("x".repeat(1024));
    await received(exchanges, 2048);
    sweepAfter(wire, 42);
    expect(client.text()).toBe("");
    sweepAfter(wire, 63);

    await within(() => client.over, "the client was left");
    expect(client.text()).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
  });
});

test("DOS-02: a connection with nothing in flight is closed in order after limits.idle, a new one too", async () => {
  const { wire } = await wired();
  const fresh = await wire.client();
  const used = await wire.client();
  used.socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await used.has("\r\n\r\nok");

  sweepAfter(wire, 59);
  expect(wire.shared.connections.size).toBe(2);
  sweepAfter(wire, 61);

  await within(() => Promise.all([fresh.over, used.over]), "a client was left");
  expect(fresh.text()).toBe("");
  expect(used.text()).toEndWith("\r\n\r\nok");
});

test("DOS-02: a client that does not read its answer is cut after five minutes, and its upstream connection is given up", async () => {
  const { wire, exchanges } = await wired((exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    exchange.write(Buffer.alloc(50_000_000));
  });
  const socket = connect(wire.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.pause();
  stops.push(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await waitUntil(() => [...wire.shared.connections].some(({ isStalled }) => isStalled));

  sweepAfter(wire, 299);
  expect(wire.shared.connections.size).toBe(1);
  sweepAfter(wire, 301);

  await within(() => exchanges[0]?.closed ?? Promise.reject(), "the upstream was left");
  await wire.quiet();
});

test("DOS-02: a client that stays after the last answer is cut after half a minute", async () => {
  const { wire } = await wired();
  const client = await wire.client();
  client.socket.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
  await within(() => client.over, "the answer did not end");

  sweepAfter(wire, 29);
  expect(wire.shared.connections.size).toBe(1);
  sweepAfter(wire, 31);

  await wire.quiet();
});

test("DOS-02: an ordinary request is answered at once beside 2,000 waiting connections, half of them in the middle of a head", async () => {
  const { wire } = await wired();
  const parked: Socket[] = [];
  stops.push(() => {
    for (const socket of parked) socket.destroy();
  });
  // Not more at once than the queue of a listener holds: a lost SYN costs its client a second
  for (let count = 0; count < 2000; count += 200)
    parked.push(...(await Promise.all(Array.from({ length: 200 }, park))));
  await waitUntil(() => wire.shared.connections.size >= 2000);
  const client = await wire.client();

  const startedAt = performance.now();
  client.socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.has("\r\n\r\nok");

  expect(performance.now() - startedAt).toBeLessThan(200);
  expect(wire.shared.connections.size).toBe(2001);

  function park(_: unknown, index: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(wire.port, "127.0.0.1", () => resolve(socket));
      socket.on("error", reject);
      if (index % 2 === 0) socket.write("GET / HTTP/1.1\r\nHost: ");
    });
  }
});

test("10,000 requests on one connection, a hundred at a time, use one connection to the upstream", async () => {
  let answered = 0;
  const connections = new Set<number>();
  const { wire } = await wired(({ write, connection }) => {
    answered += 1;
    connections.add(connection);
    write(`HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 6\r\n\r\n${String(answered).padStart(6, "0")}`);
  });
  const client = await wire.client();
  const hundred = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n".repeat(100);

  for (let sent = 100; sent <= 10_000; sent += 100) {
    client.socket.write(hundred);
    await client.has(`\r\n\r\n${String(sent).padStart(6, "0")}`);
  }

  const bodies = client.text().match(/(?<=\r\n\r\n)\d{6}/g) ?? [];
  expect(bodies.length).toBe(10_000);
  expect(bodies.every((body, index) => Number(body) === index + 1)).toBe(true);
  expect([...connections]).toEqual([1]);
});

describe("DOS-02: a TLS handshake", () => {
  const hello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);

  test.each([
    ["that never starts", []],
    ["that never continues", [hello]],
    ["that arrives byte by byte", [...hello].map((byte) => Buffer.from([byte]))],
  ])("%s is cut when its time is over, and no connection is served", async (_, pieces) => {
    let accepted = 0;
    const facts = { fallback: certificate, named: [], minVersion: "1.2" } as const;
    const accept = () => {
      accepted += 1;
      return { data() {}, drained() {}, ended() {}, closed() {}, failed() {} };
    };
    const open = { admit: () => true, left: () => undefined };
    const listener = await listenTls({ kind: "tcp", hostname: "127.0.0.1", port: 0 }, facts, open, accept, 60);
    stops.push(() => listener.stop());
    const socket = connect(listener.port ?? 0, "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise<void>((gone) => socket.on("close", () => gone()));

    for (const piece of pieces) {
      socket.write(piece);
      await turns();
    }

    await within(() => closed, "the client was left");
    expect(accepted).toBe(0);
  });
});
