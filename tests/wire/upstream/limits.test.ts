import { afterEach, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Upstream } from "../../../src/core/provider.ts";
import type { ClientSide } from "../../../src/wire/forward/sides.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import { scriptedUpstreams } from "../../fakes/upstream.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { exchangeOf, forwardingTo, recordingClient, sweptPool, upstreamAt } from "../forward/fakes.ts";
import { frame, heardTunnel, maskedFrame, switchingTo } from "../forward/tunnel-fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await stopAll();
});

/** A server that accepts, says `answer` to whatever comes, and never closes anything. */
async function silent(
  unixPath?: string,
  answer = "",
): Promise<{ readonly hostAndPort: string; readonly sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write(answer));
  });
  await new Promise<void>((done) => {
    if (unixPath === undefined) server.listen(0, "127.0.0.1", done);
    else server.listen(unixPath, done);
  });
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { hostAndPort: `127.0.0.1:${port}`, sockets };
}

test.each([
  ["TLS that is verified", { scheme: "https", verifyTls: true }],
  ["TLS that is not verified", { scheme: "https", verifyTls: false }],
] as const)(
  "DOS-02: an upstream that accepts and never begins %s holds no socket after the time to connect",
  async (_, tls) => {
    const { hostAndPort, sockets } = await silent();
    const { pool, elapse } = sweptPool({ connectSeconds: 10 });
    const client = recordingClient();
    forward(pool, forwardingTo(upstreamAt(hostAndPort, tls)), client);
    await waitUntil(() => sockets.length === 1);

    elapse(11);

    expect(await client.over).toContain("504 upstream_timeout");
    await waitUntil(() => sockets[0]?.readyState !== "open");
  },
);

/** An upstream that answers each request and never closes a connection. */
async function clinging(how: "plain" | "unix"): Promise<{ readonly upstream: Upstream; readonly sockets: Socket[] }> {
  const unixPath = how === "unix" ? join(tmpdir(), `clinging-${process.pid}-${Math.random()}.sock`) : undefined;
  const { hostAndPort, sockets } = await silent(unixPath, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  return { upstream: upstreamAt(hostAndPort, unixPath === undefined ? {} : { unixPath }), sockets };
}

test.each(["plain", "unix"] as const)(
  "DOS-02: a connection that akproxy closes is gone at once, although the upstream keeps its side open (%s)",
  async (how) => {
    const { upstream, sockets } = await clinging(how);
    const { pool, elapse } = sweptPool();
    const client = recordingClient();
    forward(pool, forwardingTo(upstream), client);
    expect(await client.over).toEndWith("ok[end]");

    elapse(61);

    // What the upstream still writes is refused (RST, EPIPE): nobody holds the other side
    await waitUntil(() => sockets[0]?.write("x") !== true && sockets[0]?.destroyed === true);
    expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
  },
);

const half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";

/** An exchange in the middle of its answer. */
async function answering(streamIdleSeconds: number, client: Partial<ClientSide> = {}) {
  const upstream = await scripted((at) => at.write(half));
  const { pool, elapse } = sweptPool({ streamIdleSeconds });
  const exchange = exchangeOf(pool, upstream.hostAndPort, {}, client);
  await exchange.client.has("half");
  const [at] = upstream.exchanges;
  if (at === undefined) throw new Error("no request came");
  return { ...exchange, at, elapse };
}

test("DOS-02: an answer in which nothing moves is cut, and the client can tell", async () => {
  const { client, at, elapse } = await answering(3600);

  elapse(3599);
  const before = client.text();
  elapse(2);

  expect(before).not.toContain("[abort]");
  expect(client.text()).toEndWith("half[abort]");
  await at.closed;
});

test("an answer that goes on, if slowly, has no end in time", async () => {
  const { client, at, elapse } = await answering(3600);

  for (const byte of "uvwxyz") {
    elapse(3599);
    at.write(byte);
    await client.has(byte);
  }

  expect(client.text()).toEndWith("halfuvwxyz[end]");
});

test("an upload that goes on keeps its answer", async () => {
  const { client, handle, elapse } = await answering(3600, { framing: { kind: "length", bytes: 100 } });

  for (let round = 0; round < 3; round += 1) {
    elapse(3599);
    handle.bodyChunk(Buffer.from("a"));
  }

  expect(client.text()).toEndWith("half");
});

test("a client that does not read is the concern of its own limits", async () => {
  const { client, handle, at, elapse } = await answering(3600);
  client.isFull = true;
  at.write("1");
  await client.has("half1");

  elapse(3601);
  elapse(3601);
  const before = client.text();
  client.isFull = false;
  handle.clientDrained();
  elapse(3601);
  elapse(3601);

  expect(before).toEndWith("half1");
  expect(client.text()).toEndWith("half1[abort]");
});

test("stream_idle = 0s: no limit", async () => {
  const { client, elapse } = await answering(0);

  elapse(1_000_000);

  expect(client.text()).toEndWith("half");
});

test("DOS-02: a WebSocket on which nothing moves gets a close frame, and is cut when it does not leave", async () => {
  const upstream = await scripted((at) => at.write(switchingTo(at.head)));
  const { pool, elapse } = sweptPool({ streamIdleSeconds: 3600 });
  const { client, handle, exchange, events } = await heardTunnel(upstream, pool);

  elapse(3599);
  handle.clientBytes(Buffer.from(maskedFrame(0x89, ""), "latin1"));
  elapse(3599);
  exchange.write(frame(0x8a, ""));
  await client.has(frame(0x8a, ""));
  elapse(3599);
  const before = client.text();
  elapse(2);
  const asked = client.text();
  elapse(6);

  expect(before).toEndWith(frame(0x8a, ""));
  expect(asked).toEndWith(`${frame(0x88, "\x03\xe9idle")}[fin]`);
  expect(events.at(-1)).toBe("closed");
  await exchange.closed;
});
