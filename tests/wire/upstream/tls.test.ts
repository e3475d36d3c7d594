import { afterEach, expect, test } from "bun:test";
import { createServer as createTcpServer, type Server } from "node:net";
import { createServer } from "node:tls";
import type { Upstream } from "../../../src/core/provider.ts";
import { makeSelfSigned } from "../../../src/tls/self-signed.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import type { Pool } from "../../../src/wire/upstream/pool.ts";
import { type RawExchange, type RawUpstream, scriptedUpstreams } from "../../fakes/upstream.ts";
import { forwardingTo, poolWith, recordingClient, sweptPool, upstreamAt } from "../forward/fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
const servers: Server[] = [];
const now = Math.floor(Date.now() / 1000);

afterEach(async () => {
  await stopAll();
  for (const server of servers.splice(0)) server.close();
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const ok = (exchange: RawExchange) => exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

async function secureUpstream(
  name: string,
  handler: (exchange: RawExchange) => void = ok,
): Promise<{ readonly upstream: RawUpstream; readonly caPem: string }> {
  const tls = makeSelfSigned({ names: [name], days: 1, now });
  const upstream = await scripted(handler, { tls });
  return { upstream, caPem: tls.certificatePem };
}

async function outcome(
  hostAndPort: string,
  different: Partial<Upstream>,
  host = "app.test",
  pool: Pool = poolWith(),
): Promise<string> {
  const client = recordingClient();
  forward(
    pool,
    forwardingTo(upstreamAt(hostAndPort, { scheme: "https", ...different }), { headers: [["Host", host]] }),
    client,
  );
  return (await client.over).replace(/:\d+"/, '"').replace(/^.*\r\n\r\n/s, "");
}

test("UPS-11: a self-signed upstream is refused, and accepted with verification off", async () => {
  const { upstream } = await secureUpstream("127.0.0.1");

  const refused = await outcome(upstream.hostAndPort, {});
  const accepted = await outcome(upstream.hostAndPort, { verifyTls: false });

  expect(refused).toBe(
    '[answer]502 upstream_unreachable: upstream: "https://127.0.0.1" gave no usable answer: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  );
  expect(accepted).toBe("ok[end]");
  expect(upstream.exchanges.length).toBe(1);
});

test("UPS-11: with verification off, a certificate for another name is accepted, for example if the upstream is an IP address", async () => {
  const { upstream } = await secureUpstream("inner.test");

  const accepted = await outcome(upstream.hostAndPort, { verifyTls: false });
  const refused = await outcome(upstream.hostAndPort, {});

  expect(accepted).toBe("ok[end]");
  expect(refused).toContain("502 upstream_unreachable");
});

test("UPS-11: a connection without verification is not used by a request that needs it", async () => {
  const { upstream } = await secureUpstream("127.0.0.1");
  const pool = poolWith();

  const accepted = await outcome(upstream.hostAndPort, { verifyTls: false }, "app.test", pool);
  const refused = await outcome(upstream.hostAndPort, {}, "app.test", pool);

  expect(accepted).toBe("ok[end]");
  expect(refused).toContain("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  expect(upstream.exchanges.length).toBe(1);
});

test("a private CA is enough for its upstream, and the connection is used again", async () => {
  const { upstream, caPem } = await secureUpstream("127.0.0.1");
  const pool = poolWith();

  for (let round = 0; round < 3; round += 1) {
    expect(await outcome(upstream.hostAndPort, { caPem }, "app.test", pool)).toBe("ok[end]");
  }

  expect(upstream.connections()).toBe(1);
});

test("UPS-12: the Host header does not decide which certificate is valid", async () => {
  const { upstream, caPem } = await secureUpstream("example.test");
  const { hostAndPort } = upstream;

  const byHost = await outcome(hostAndPort, { caPem }, "example.test");
  const byServerName = await outcome(hostAndPort, { caPem, serverName: "example.test" }, "app.test");
  const wrongName = await outcome(hostAndPort, { caPem, serverName: "other.test" }, "example.test");

  expect(byHost).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(byServerName).toBe("ok[end]");
  expect(wrongName).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(upstream.exchanges.map(({ head }) => /\r\nHost: (.*)/.exec(head)?.[1])).toEqual(["app.test"]);
});

test("the server name is sent to the upstream and verified", async () => {
  const { certificatePem, keyPem } = makeSelfSigned({ names: ["example.test"], days: 1, now });
  const asked: unknown[] = [];
  const server = createServer({ cert: certificatePem, key: keyPem }, (socket) => {
    asked.push(socket.servername);
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

  const answer = await outcome(`127.0.0.1:${portOf(server)}`, { caPem: certificatePem, serverName: "example.test" });

  expect(answer).toBe("ok[end]");
  expect(asked).toEqual(["example.test"]);
});

test("a handshake that never ends counts towards the time to connect", async () => {
  const server = createTcpServer();
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const connected = new Promise((resolve) => server.once("connection", resolve));
  const { pool, elapse } = sweptPool({ connectSeconds: 10 });

  const silent = outcome(`127.0.0.1:${portOf(server)}`, {}, "app.test", pool);
  await connected;
  elapse(10);

  expect(await silent).toBe(
    '[answer]504 upstream_timeout: upstream: "https://127.0.0.1" accepted no connection for 10 s',
  );
});

test("an upstream without TLS is unreachable", async () => {
  const server = createTcpServer((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

  const answer = await outcome(`127.0.0.1:${portOf(server)}`, {});

  expect(answer).toStartWith('[answer]502 upstream_unreachable: upstream: "https://127.0.0.1" gave no usable answer: ');
});

test("UPS-14: a body cut short breaks the client's transfer over TLS too", async () => {
  const { upstream, caPem } = await secureUpstream("127.0.0.1", (exchange) =>
    exchange.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
  );

  expect(await outcome(upstream.hostAndPort, { caPem })).toBe("ab[abort]");
});

test("a megabyte arrives whole over TLS", async () => {
  const { upstream, caPem } = await secureUpstream("127.0.0.1", (exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n");
    exchange.write(Buffer.alloc(900_000, "a"));
  });

  expect(await outcome(upstream.hostAndPort, { caPem })).toBe(`${"a".repeat(900_000)}[end]`);
});
