import { afterEach, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Upstream } from "../../../src/core/provider.ts";
import { forward } from "../../../src/wire/forward/upstream-exchange.ts";
import { waitUntil } from "../../fakes/waits.ts";
import { forwardingTo, recordingClient, sweptPool, upstreamAt } from "../forward/fakes.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
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
