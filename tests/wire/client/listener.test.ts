import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import type { Reply, WireHandler } from "../../../src/ports/wire.ts";
import { type HttpListener, listenHttp } from "../../../src/wire/client/listener.ts";
import { Pool } from "../../../src/wire/upstream/pool.ts";
import { startRawUpstream } from "../../fakes/upstream.ts";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { upstreamAt } from "../forward/fakes.ts";
import { ample, roomFor } from "./connection-rooms.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function answer(status: number, body = ""): Reply {
  return { kind: "answer", answer: { status, headers: [], body } };
}

function startListener(handler: WireHandler, limits: { bodyBytes?: number; headBytes?: number } = {}): HttpListener {
  const listener = listenHttp({
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler,
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool: new Pool(),
    ...roomFor(ample),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60, ...limits },
  });
  stops.push(() => listener.stop());
  return listener;
}

function client(listener: HttpListener): Socket {
  const socket = connect(listener.port ?? 0, "127.0.0.1");
  socket.on("error", () => undefined);
  stops.push(() => socket.destroy());
  return socket;
}

async function textUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const bytes of socket) {
    text += bytes.toString("latin1");
    if (isEnough(text)) break;
  }
  return text;
}

/** The reply of a handler that forwards to an upstream. */
function forwardingTo(port: number, target = "/"): Extract<Reply, { kind: "forward" }> {
  const upstream = upstreamAt(`127.0.0.1:${port}`);
  return {
    kind: "forward",
    life: null,
    forwarding: {
      request: { method: "POST", upstream, target, headers: [["Host", "app.test"]], own: [], timeoutSeconds: 10 },
      forClient: (headers) => headers,
      connectionOwner: () => "",
      failed: (code) => ({ status: 502, headers: [], body: code }),
      answered: () => undefined,
    },
  };
}

test("an internal error cuts its connection and is reported; other connections are served", async () => {
  const statuses: number[] = [];
  const listener = listenHttp({
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler({ target }) {
      if (target === "/fault") throw new Error("an internal error");
      return answer(200, "ok");
    },
    refusal({ status }) {
      statuses.push(status);
      return { status, headers: [], body: "" };
    },
    pool: new Pool(),
    ...roomFor(ample),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
  });
  stops.push(() => listener.stop());
  const [hit, other] = [client(listener), client(listener)];
  const cut = new Promise((resolve) => hit.on("close", resolve));

  hit.write("GET /fault HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await cut;
  other.write("GET /ok HTTP/1.1\r\nHost: app.test\r\n\r\n");

  expect(await textUntil(other, (text) => text.endsWith("ok"))).toStartWith("HTTP/1.1 200");
  expect(statuses).toEqual([500]);
  expect(listener.connections()).toBe(1);
});

test("requests in one packet are answered in order, even if a decision takes longer", async () => {
  const listener = startListener(async ({ target }) => {
    if (target === "/slow") await turns(20);
    return answer(200, `[${target}]`);
  });
  const socket = client(listener);

  socket.write(
    "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  const text = await textUntil(socket, () => false);

  expect(text.match(/\[[^\]]+\]/g)).toEqual(["[/slow]", "[/2]", "[/3]"]);
});

test("a body that arrives before the decision reaches the upstream whole", async () => {
  const size = 1_000_000;
  const upstream = await startRawUpstream(async (exchange) => {
    const body = await exchange.body();
    exchange.end(`HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length).length}\r\n\r\n${body.length}`);
  });
  stops.push(() => upstream.stop());
  const listener = startListener(async () => {
    await turns(50);
    return forwardingTo(upstream.port);
  });
  const socket = client(listener);

  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
  socket.write("x".repeat(size));
  const text = await textUntil(socket, () => false);

  expect(text).toEndWith(`\r\n\r\n${size}`);
});

describe("a body that the handler does not want", () => {
  test("is skipped if it has arrived whole, and the connection stays open", async () => {
    const listener = startListener(() => answer(401, "no"));
    const socket = client(listener);

    socket.write(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    const text = await textUntil(socket, () => false);

    expect(text.match(/HTTP\/1.1 401/g)).toHaveLength(2);
  });

  test("ends the connection after the answer if it has not arrived whole", async () => {
    const listener = startListener(() => answer(401, "no"));
    const socket = client(listener);

    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhel");
    const text = await textUntil(socket, () => false);

    expect(text).toMatch(/^HTTP\/1.1 401 /);
    expect(text).toContain("connection: close");
  });

  test("is 413 before the handler is called if its length is above the limit", async () => {
    const asked: string[] = [];
    const listener = startListener(
      ({ target }) => {
        asked.push(target);
        return answer(200);
      },
      { bodyBytes: 10 },
    );
    const socket = client(listener);

    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    const text = await textUntil(socket, () => false);

    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(asked).toEqual([]);
  });

  test("is 413 if it is chunked and grows above the limit, and the upstream request is given up", async () => {
    const broken = Promise.withResolvers<void>();
    const upstream = await startRawUpstream((exchange) => void exchange.closed.then(broken.resolve));
    stops.push(() => upstream.stop());
    const listener = startListener(() => forwardingTo(upstream.port), { bodyBytes: 10 });
    const socket = client(listener);

    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    await waitUntil(() => upstream.exchanges.length > 0);
    socket.write("6\r\nworld!\r\n");
    const text = await textUntil(socket, () => false);
    await broken.promise;

    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });
});

test("a large answer that closes its connection reaches a slow reader whole", async () => {
  const size = 8 * 1024 * 1024;
  const listener = startListener(() => answer(200, "x".repeat(size)));
  const socket = client(listener);

  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let received = 0;
  for await (const bytes of socket) {
    received += bytes.length;
    if (received % 7 === 0) await turns(1);
  }

  expect(received).toBeGreaterThan(size);
});

test("a drain closes idle connections at once, lets running requests finish, and accepts no new connection", async () => {
  const gate = Promise.withResolvers<void>();
  const listener = startListener(async () => {
    await gate.promise;
    return answer(200, "done");
  });
  const [idle, busy] = [client(listener), client(listener)];
  busy.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await waitUntil(() => listener.inFlight() > 0);

  listener.drain();
  const idleText = await textUntil(idle, () => false);
  const refused = await new Promise<string>((resolve) => {
    const late = connect(listener.port ?? 0, "127.0.0.1");
    late.on("connect", () => resolve("connected"));
    late.on("error", () => resolve("refused"));
  });
  gate.resolve();
  const text = await textUntil(busy, () => false);

  expect(idleText).toBe("");
  expect(refused).toBe("refused");
  expect(text).toContain("connection: close");
  expect(text).toEndWith("done");
});

test("an answer that closes its connection reaches a client that still sends its body", async () => {
  const listener = startListener(() => answer(413, "x".repeat(200_000)));
  const socket = client(listener);

  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n");
  const piece = "y".repeat(65_536);
  for (let sent = 0; sent < 100 && socket.writable; sent++) {
    socket.write(piece);
    await turns(1);
  }
  let received = 0;
  for await (const bytes of socket) received += bytes.length;

  expect(received).toBeGreaterThan(200_000);
});
