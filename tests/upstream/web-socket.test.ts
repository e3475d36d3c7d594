import { afterEach, expect, test } from "bun:test";
import type { Upstream } from "../../src/core/provider.ts";
import type { UpstreamWebSocket, WebSocketPeer } from "../../src/ports/upstream-client.ts";
import { makeSelfSigned } from "../../src/tls/self-signed.ts";
import { webSocketUpstream } from "../../src/upstream/web-socket-client.ts";
import { startRawUpstream } from "../fakes/upstream.ts";
import { noAbort, requestTo, upstreamAt } from "./request-to.ts";

const open = webSocketUpstream();
const started: { stop(force?: boolean): unknown }[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop(true);
});

interface EchoOptions {
  readonly greet?: readonly (string | Uint8Array)[];
  readonly closeWith?: readonly [code: number, reason: string];
  readonly terminate?: "on message";
}

interface Echo {
  readonly hostAndPort: string;
  readonly handshakes: Headers[];
  readonly closes: (readonly [code: number, reason: string])[];
  readonly closed: Promise<void>;
}

/** A WebSocket application that echoes, and greets, closes or breaks off as it is told. */
function startEcho(options: EchoOptions = {}, unix?: string): Echo {
  const handshakes: Headers[] = [];
  const closes: (readonly [number, string])[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const listen = unix === undefined ? { port: 0, hostname: "127.0.0.1" } : { unix };
  const server = Bun.serve({
    ...listen,
    fetch(request, self) {
      handshakes.push(request.headers);
      const wanted = request.headers.get("sec-websocket-protocol");
      const headers = wanted === null ? {} : { "Sec-WebSocket-Protocol": wanted.split(", ").at(-1) ?? "" };
      return self.upgrade(request, { headers }) ? undefined : new Response("no", { status: 426 });
    },
    websocket: {
      maxPayloadLength: 64 * 1024 * 1024,
      open(socket) {
        for (const message of options.greet ?? []) socket.send(message);
        if (options.closeWith !== undefined) socket.close(...options.closeWith);
      },
      message(socket, message) {
        if (options.terminate === "on message") socket.terminate();
        else socket.send(message);
      },
      close(_, code, reason) {
        closes.push([code, reason]);
        resolve();
      },
    },
  });
  started.push(server);
  return { hostAndPort: `127.0.0.1:${server.port ?? 0}`, handshakes, closes, closed };
}

/** Records what a peer is told. */
function recorder(waiting: () => number = () => 0) {
  const messages: (string | Uint8Array)[] = [];
  const waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<readonly [number, string]>();
  let drains = 0;
  const peer: WebSocketPeer = {
    message(data) {
      messages.push(data);
      for (const waiter of waiters) if (messages.length >= waiter.count) waiter.resolve();
      return waiting();
    },
    drained() {
      drains += 1;
    },
    closed: (code, reason) => resolve([code, reason]),
  };
  const count = (wanted: number): Promise<void> => {
    if (messages.length >= wanted) return Promise.resolve();
    return new Promise((done) => waiters.push({ count: wanted, resolve: done }));
  };
  return { peer, messages, closed, count, drains: () => drains };
}

async function opened(echo: Echo, protocols: readonly string[] = []): Promise<UpstreamWebSocket> {
  return open(requestTo(echo.hostAndPort), protocols, noAbort());
}

async function failureOf(opening: Promise<unknown>): Promise<readonly [unknown, string]> {
  return opening.then(
    () => ["opened", ""] as const,
    (error) => [error.code, error.message] as const,
  );
}

test("the upstream sees Host, Origin, cookies and identity as given, and no compression offered", async () => {
  const echo = startEcho();
  const headers = [
    ["Host", "app.test"],
    ["Origin", "https://app.test"],
    ["Cookie", "a=1; b=2"],
    ["X-authentik-username", "zo\xc3\xab"],
    ["Sec-WebSocket-Key", "the client's own"],
    ["Sec-WebSocket-Extensions", "permessage-deflate"],
  ] as const;

  const socket = await open(requestTo(echo.hostAndPort, { headers }), [], noAbort());
  socket.close(1000, "");

  const seen = echo.handshakes[0];
  expect(seen?.get("host")).toBe("app.test");
  expect(seen?.get("origin")).toBe("https://app.test");
  expect(seen?.get("cookie")).toBe("a=1; b=2");
  expect(seen?.get("x-authentik-username")).toBe("zo\xc3\xab");
  expect(seen?.get("sec-websocket-key")).not.toBe("the client's own");
  expect(seen?.get("sec-websocket-extensions")).toBeNull();
  expect(seen?.get("user-agent")).toBeNull();
});

test("the subprotocol that the upstream chooses is kept", async () => {
  const echo = startEcho();

  const socket = await opened(echo, ["chat.v1", "chat.v2"]);
  socket.close(1000, "");

  expect(echo.handshakes[0]?.get("sec-websocket-protocol")).toBe("chat.v1, chat.v2");
  expect(socket.protocol).toBe("chat.v2");
});

test("text arrives as text and binary as bytes, empty and large ones too", async () => {
  const echo = startEcho();
  const socket = await opened(echo);
  const seen = recorder();
  socket.attach(seen.peer);
  const large = "ü".repeat(2_500_000);

  socket.send("hello");
  socket.send("");
  socket.send(Uint8Array.of(0, 255, 10));
  socket.send(large);
  await seen.count(4);
  socket.close(1000, "");

  expect(seen.messages[0]).toBe("hello");
  expect(seen.messages[1]).toBe("");
  expect([...(seen.messages[2] ?? [])] as unknown[]).toEqual([0, 255, 10]); // the spread of string | bytes has no type of its own
  expect(seen.messages[3] === large).toBe(true);
});

test("what came before anybody was attached is delivered first and in order, the close last", async () => {
  const echo = startEcho({ greet: ["one", "two", "three"], closeWith: [4001, "bye"] });
  const socket = await opened(echo);
  await Bun.sleep(30); // long enough for all of it to have come, had it been read
  const seen = recorder();

  socket.attach(seen.peer);

  expect(await seen.closed).toEqual([4001, "bye"]);
  expect(seen.messages).toEqual(["one", "two", "three"]);
});

test.each([
  [1000, "done"],
  [1011, "broken"],
  [3000, ""],
  [4999, "über"],
] as const)("close code %p of ours reaches the upstream with its reason", async (code, reason) => {
  const echo = startEcho();
  const socket = await opened(echo);
  const seen = recorder();
  socket.attach(seen.peer);

  socket.close(code, reason);
  await echo.closed;

  expect(echo.closes).toEqual([[code, reason]]);
});

test.each([1005, 1006, 1015, 999, 2000, 5000])(
  "close code %p may not be sent and becomes 1001, without a throw",
  async (code) => {
    const echo = startEcho();
    const socket = await opened(echo);

    socket.close(code, "");
    socket.close(code, "");
    await echo.closed;

    expect(echo.closes).toEqual([[1001, ""]]);
  },
);

test("a reason too long for a close frame is cut between characters", async () => {
  const echo = startEcho();
  const socket = await opened(echo);

  socket.close(4000, `${"x".repeat(122)}ü and more`);
  await echo.closed;

  expect(echo.closes).toEqual([[4000, "x".repeat(122)]]);
});

test("an upstream that breaks off is told as 1001, and sending to it afterwards does nothing", async () => {
  const echo = startEcho({ terminate: "on message" });
  const socket = await opened(echo);
  const seen = recorder();
  socket.attach(seen.peer);

  socket.send("x");
  const told = await seen.closed;
  const waiting = socket.send("y");
  socket.close(1000, "");

  expect(told[0]).toBe(1001);
  expect(waiting).toBe(0);
});

test.each([
  [
    "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
    "upstream_refused",
    "answered 426 to a WebSocket upgrade",
  ],
  ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "upstream_refused", "answered 200 to a WebSocket upgrade"],
  [
    "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    "upstream_refused",
    "answered 302 to a WebSocket upgrade",
  ],
  [
    "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    "upstream_unreachable",
    "opened no WebSocket: mismatch websocket accept header",
  ],
])("WS-04: %p opens nothing, and the upstream's connection is closed", async (bytes, code, message) => {
  const upstream = await startRawUpstream((exchange) => exchange.write(bytes));
  started.push(upstream);

  const failure = await failureOf(open(requestTo(upstream.hostAndPort, { target: "/a?token=secret" }), [], noAbort()));

  expect(failure).toEqual([code, `upstream: "${upstream.origin}" ${message}`]);
  await upstream.exchanges[0]?.closed;
});

test("nobody listening is unreachable, a silent upstream a timeout, a client that leaves closes the upstream", async () => {
  const silent = await startRawUpstream(() => undefined);
  started.push(silent);
  const client = new AbortController();

  const refused = await failureOf(open(requestTo("127.0.0.1:1"), [], noAbort()));
  const timedOut = await failureOf(open(requestTo(silent.hostAndPort, { timeoutSeconds: 0.05 }), [], noAbort()));
  setTimeout(() => client.abort(), 20);
  const left = await failureOf(open(requestTo(silent.hostAndPort), [], client.signal));

  expect([refused[0], timedOut[0], left[0]]).toEqual([
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_unreachable",
  ]);
  expect(refused[1]).toBe('upstream: "http://127.0.0.1:1" opened no WebSocket: failed to connect');
  for (const exchange of silent.exchanges) await exchange.closed;
});

test("a client that leaves after the upgrade does not cut the upstream's socket: its close does", async () => {
  const echo = startEcho();
  const client = new AbortController();
  const socket = await open(requestTo(echo.hostAndPort), [], client.signal);
  const seen = recorder();
  socket.attach(seen.peer);

  client.abort();
  socket.send("still here");
  await seen.count(1);
  socket.close(1001, "");
  await echo.closed;

  expect(echo.closes).toEqual([[1001, ""]]);
});

test("a subprotocol that is no token, a target Bun would rewrite and a value that is no byte string are refused", async () => {
  const echo = startEcho();

  const protocol = await failureOf(open(requestTo(echo.hostAndPort), ["a b"], noAbort()));
  const target = await failureOf(open(requestTo(echo.hostAndPort, { target: "/a/../b" }), [], noAbort()));
  const value = await failureOf(open(requestTo(echo.hostAndPort, { headers: [["X-A", "\u9053"]] }), [], noAbort()));

  expect([protocol[0], target[0], value[0]]).toEqual(["bad_request", "upstream_not_carried", "upstream_not_carried"]);
  expect(echo.handshakes.length).toBe(0);
});

test("a unix socket carries a WebSocket, its target whole", async () => {
  const unixPath = `${process.env["TMPDIR"] ?? "/tmp"}/akproxy-ws-${process.pid}.sock`;
  let target = "";
  const server = Bun.serve({
    unix: unixPath,
    fetch(request, self) {
      target = new URL(request.url).pathname + new URL(request.url).search;
      return self.upgrade(request) ? undefined : new Response("no");
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  started.push(server);
  const seen = recorder();

  const request = requestTo("", { upstream: upstreamAt("", { unixPath }), target: "/a:b/c?d=e:f" });
  const socket = await open(request, [], noAbort());
  socket.attach(seen.peer);
  socket.send("over unix");
  await seen.count(1);
  socket.close(1000, "");

  expect(target).toBe("/a:b/c?d=e:f");
  expect(seen.messages).toEqual(["over unix"]);
});

test("UPS-11, UPS-12: a WebSocket's certificate is verified against the server name or the URL's host, never the Host header", async () => {
  const { certificatePem, keyPem } = makeSelfSigned({
    names: ["ws.test"],
    days: 1,
    now: Math.floor(Date.now() / 1000),
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: certificatePem, key: keyPem },
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no")),
    websocket: { message: () => undefined },
  });
  started.push(server);
  const outcome = (different: Partial<Upstream>): Promise<unknown> => {
    const upstream = upstreamAt(`127.0.0.1:${server.port}`, { scheme: "https", ...different });
    return open(requestTo("", { upstream, headers: [["Host", "ws.test"]] }), [], noAbort()).then(
      (socket) => {
        socket.close(1000, "");
        return "opened";
      },
      (error) => error.code,
    );
  };

  expect(await outcome({})).toBe("upstream_unreachable");
  expect(await outcome({ caPem: certificatePem })).toBe("upstream_unreachable");
  expect(await outcome({ caPem: certificatePem, serverName: "ws.test" })).toBe("opened");
  expect(await outcome({ verifyTls: false })).toBe("opened");
});

test("WS-05: an upstream that floods a client which does not read is not read either, until the client has caught up", async () => {
  const chunk = new Uint8Array(256 * 1024);
  let accepted = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no")),
    websocket: {
      backpressureLimit: 1024 * 1024 * 1024,
      open: (socket) => {
        for (let count = 0; count < 400; count += 1) socket.send(chunk); // 100 MiB
        accepted = socket.getBufferedAmount();
      },
      message: () => undefined,
    },
  });
  started.push(server);
  let full = true;
  const seen = recorder(() => (full ? 2 * 1024 * 1024 : 0));

  const socket = await open(requestTo(`127.0.0.1:${server.port}`), [], noAbort());
  socket.attach(seen.peer);
  await Bun.sleep(200); // nothing tells of what does not come
  const whileFull = seen.messages.length;
  full = false;
  socket.drained();
  await seen.count(400);
  socket.close(1000, "");

  expect(accepted).toBeGreaterThan(50 * 1024 * 1024);
  expect(whileFull).toBeLessThan(20);
});

test("WS-05: what an upstream does not read is reported, and so is that it has read again", async () => {
  const upstream = await startRawUpstream((exchange) => {
    const key = /sec-websocket-key: (.*)/i.exec(exchange.head)?.[1] ?? "";
    const accept = new Bun.CryptoHasher("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    exchange.socket.pause();
    exchange.write(
      `HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  started.push(upstream);
  const socket = await open(requestTo(upstream.hostAndPort), [], noAbort());
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  socket.attach({ message: () => 0, drained: resolve, closed: () => undefined });

  let waiting = 0;
  for (let count = 0; count < 64; count += 1) waiting = socket.send(new Uint8Array(512 * 1024)); // 32 MiB
  upstream.exchanges[0]?.socket.resume();
  await drained;
  socket.close(1000, "");

  expect(waiting).toBeGreaterThan(16 * 1024 * 1024);
});
