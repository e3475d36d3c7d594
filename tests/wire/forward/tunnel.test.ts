import { afterEach, expect, test } from "bun:test";
import { scriptedUpstreams } from "../../fakes/upstream.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { sweptPool } from "./fakes.ts";
import { type HeardTunnel, heardBy, heardTunnel, switchingTo, tunnelTo } from "./tunnel-fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

async function opened(more = ""): Promise<HeardTunnel> {
  return heardTunnel(await scripted((exchange) => exchange.write(switchingTo(exchange.head, more))));
}

test("the handshake reaches the upstream with Connection and Upgrade of this hop, its other lines unchanged", async () => {
  const { exchange } = await opened();

  expect(exchange.head).toBe(
    "GET /a HTTP/1.1\r\nHost: app.test\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\nConnection: Upgrade\r\nUpgrade: websocket",
  );
});

test("the 101 reaches the client without hop-by-hop lines and akproxy's own, and the tunnel's life begins", async () => {
  const { client, events } = await opened(
    "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-authentik-username: root\r\nSec-WebSocket-Protocol: chat\r\n",
  );

  expect(client.text()).toBe(
    "[tunnel]101 Switching Protocols\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
  );
  expect(events).toEqual(["answered 101", "opened"]);
});

test("bytes go both ways unchanged, including those behind the 101 in its packet", async () => {
  const upstream = await scripted((exchange) => exchange.write(`${switchingTo(exchange.head)}\x81\x02hi`));
  const { client, handle } = tunnelTo(upstream.hostAndPort);
  await client.has("hi");
  const [exchange] = upstream.exchanges;
  if (exchange === undefined) throw new Error("no request came");
  const heard = heardBy(exchange);

  handle.clientBytes(Buffer.from("\x89\x80abcd no frame at all \xff", "latin1"));
  await heard.has("\xff");
  exchange.write("\x00\xff");
  await client.has("\x00\xff");

  expect(client.text()).toEndWith("\r\n\r\n\x81\x02hi\x00\xff");
  expect(heard.text()).toBe("\x89\x80abcd no frame at all \xff");
});

test.each([
  [
    "a wrong Sec-WebSocket-Accept",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: c29tZXRoaW5nIGVsc2U=\r\n",
    "a 101 with a wrong Sec-WebSocket-Accept",
  ],
  [
    "no Sec-WebSocket-Accept",
    "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    "a 101 with a wrong Sec-WebSocket-Accept",
  ],
  [
    "another protocol",
    "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    "a 101 that does not upgrade to WebSocket",
  ],
  [
    "no Connection",
    "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    "a 101 that does not upgrade to WebSocket",
  ],
])("WS-04: a 101 with %s does not open a tunnel: 502, and the upstream connection is closed", async (_, lines, why) => {
  const upstream = await scripted((exchange) => exchange.write(`HTTP/1.1 101 S\r\n${lines}\r\n`));
  const { client, handle, events, pool } = tunnelTo(upstream.hostAndPort);

  const answer = await client.over;
  handle.clientBytes(Buffer.from("GET /second HTTP/1.1\r\n\r\n"));
  await upstream.exchanges[0]?.closed;

  expect(answer).toBe(`[answer]502 upstream_unreachable: upstream: "${upstream.origin}" gave no usable answer: ${why}`);
  expect(events).toEqual([]);
  expect(upstream.exchanges.length).toBe(1);
  expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
});

test.each([
  [
    "426 Upgrade Required",
    "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno",
    "[framed]426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno[end]",
  ],
  ["200 OK", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "[framed]200 OK\r\nContent-Length: 2\r\n\r\nok[end]"],
])(
  "WS-04: %s is forwarded as an answer, the client's bytes are dropped, and the connection is not pooled",
  async (_, sent, given) => {
    const upstream = await scripted((exchange) => exchange.write(sent));
    const { client, handle, events, pool } = tunnelTo(upstream.hostAndPort);
    handle.clientBytes(Buffer.from("GET /smuggled HTTP/1.1\r\n\r\n"));

    const answer = await client.over;
    handle.clientBytes(Buffer.from("GET /second HTTP/1.1\r\n\r\n"));
    await upstream.exchanges[0]?.closed;

    expect(answer).toBe(given);
    expect(events[0]).toStartWith("answered");
    expect(upstream.exchanges.length).toBe(1);
    expect(upstream.exchanges[0]?.received()).toBe(0);
    expect(pool.count()).toEqual({ idle: 0, inUse: 0 });
  },
);

test("without a listener 502, with a silent upstream 504", async () => {
  const upstream = await scripted(() => undefined);
  const { pool, elapse } = sweptPool();
  const silent = tunnelTo(upstream.hostAndPort, pool);
  await waitUntil(() => upstream.exchanges.length > 0);

  elapse(11);

  expect(await silent.client.over).toContain("504 upstream_timeout");
  expect(await tunnelTo("127.0.0.1:9").client.over).toContain("502 upstream_unreachable");
});
