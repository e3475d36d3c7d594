import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { WireHandler } from "../../../src/ports/wire.ts";
import { ClientConnection } from "../../../src/wire/client/connection.ts";
import type { ConnectionRoom } from "../../../src/wire/client/connection-room.ts";
import {
  type HttpListener,
  type HttpListenerOptions,
  headLimitsOf,
  listenHttp,
  listenHttps,
  sweepConnections,
} from "../../../src/wire/client/listener.ts";
import type { ListenerContext, ListenerLimits } from "../../../src/wire/client/listener-context.ts";
import { listenPlain } from "../../../src/wire/socket/plain-listener.ts";
import { Pool } from "../../../src/wire/upstream/pool.ts";
import { waitUntil, within } from "../../fakes/waits.ts";
import { certificate } from "../whole-wire.ts";
import { roomFor } from "./connection-rooms.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

const request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const answers: WireHandler = () => ({ kind: "answer", answer: { status: 200, headers: [], body: "served" } });

interface Opened {
  readonly listener: HttpListener;
  readonly room: ConnectionRoom;
  readonly refusals: () => number;
}

function options(most: number, more: Partial<HttpListenerOptions>, refused: () => void): HttpListenerOptions {
  const { room, overload } = roomFor(most);
  return {
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    handler: answers,
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool: new Pool(),
    limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
    room,
    overload() {
      refused();
      return overload();
    },
    ...more,
  };
}

async function open(kind: "http" | "https", most: number, more: Partial<HttpListenerOptions> = {}): Promise<Opened> {
  let count = 0;
  const wanted = options(most, more, () => {
    count += 1;
  });
  const listener =
    kind === "http"
      ? listenHttp(wanted)
      : await listenHttps(wanted, { fallback: certificate, named: [], minVersion: "1.2" });
  stops.push(() => listener.stop());
  return { listener, room: wanted.room, refusals: () => count };
}

interface Visitor {
  readonly socket: Socket;
  /** Resolves with all received text once the connection is over. */
  readonly over: Promise<string>;
  /** Sends one request, and resolves with the received text once it contains `part`. */
  ask(part: string): Promise<string>;
}

/** A client that stays after the FIN of the listener, until it sends its own. */
function visit(listener: Pick<HttpListener, "port">, kind: "http" | "https" = "http"): Visitor {
  const port = listener.port ?? 0;
  const socket =
    kind === "http"
      ? connect({ port, host: "127.0.0.1", allowHalfOpen: true })
      : connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  stops.push(() => socket.destroy());
  let text = "";
  const { promise: over, resolve } = Promise.withResolvers<string>();
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  for (const event of ["end", "error", "close"]) socket.on(event, () => resolve(text));
  const ask = async (part: string) => {
    text = "";
    socket.write(request);
    await waitUntil(() => text.includes(part));
    return text;
  };
  return { socket, over, ask };
}

/** Visitors that fill the room. Each of them has been served. */
async function fill({ listener, room }: Opened, kind: "http" | "https" = "http"): Promise<readonly Visitor[]> {
  const visitors = Array.from({ length: room.most }, () => visit(listener, kind));
  await Promise.all(visitors.map(({ ask }) => ask("served")));
  return visitors;
}

describe("DOS-04: above the limit of connections", () => {
  test("a new connection is answered 503 with Retry-After before its request, and closed in order", async () => {
    const opened = await open("http", 3);
    await fill(opened);

    const text = await within(() => visit(opened.listener).over, "the connection was left open");

    expect(text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(text).toContain("\r\nretry-after: 10\r\n");
    expect(text).toContain("\r\nconnection: close\r\n");
    expect(text).toEndWith("\r\n\r\nfull");
    expect(opened.listener.connections()).toBe(3);
  });

  test("a connection that sends a request with a body at once reads the whole answer too, and its request is never served", async () => {
    const asked: string[] = [];
    const opened = await open("http", 1, {
      handler(asking) {
        asked.push(asking.method);
        return answers(asking);
      },
    });
    await fill(opened);
    const visitor = visit(opened.listener);

    visitor.socket.write(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 500000\r\n\r\n${"x".repeat(500_000)}`);
    const text = await within(() => visitor.over, "the connection was left open");

    expect(text).toEndWith("\r\n\r\nfull");
    expect(asked).toEqual(["GET"]);
  });

  test("twice as many clients try without end, and all open connections are still served, 99 of 100 times within 200 ms", async () => {
    const opened = await open("http", 20);
    const held = await fill(opened);
    let knocks = 0;
    let isOver = false;
    const knocking = Array.from({ length: 40 }, async () => {
      while (!isOver) {
        const visitor = visit(opened.listener);
        expect(await visitor.over).toContain(" 503 ");
        visitor.socket.destroy();
        knocks += 1;
      }
    });

    const crowded = await askMany(held);
    isOver = true;
    await Promise.all(knocking);

    expect(crowded.answered).toBe(1000);
    expect(crowded.p99).toBeLessThan(200);
    expect(knocks).toBeGreaterThan(40);
    expect(opened.refusals()).toBe(knocks);
    await waitUntil(() => opened.room.refused === 0);
    expect(opened.room.held).toBe(20);
  });

  test("when some connections have left, as many new ones are served", async () => {
    const opened = await open("http", 3);
    const [first, second] = await fill(opened);

    first?.socket.destroy();
    second?.socket.end();
    await waitUntil(() => opened.room.held === 1);
    const [third, fourth, fifth] = [visit(opened.listener), visit(opened.listener), visit(opened.listener)];
    const served = await Promise.all([third.ask("served"), fourth.ask("served")]);

    expect(served.every((text) => text.includes(" 200 "))).toBe(true);
    expect(await fifth.over).toContain(" 503 ");
  });

  test("listeners that share a room share its limit", async () => {
    const opened = await open("http", 2);
    const other = await open("http", 0, { room: opened.room });
    await fill(opened);

    expect(await visit(other.listener).over).toContain(" 503 ");
    expect(other.refusals()).toBe(1);
  });
});

describe("DOS-04: refused connections", () => {
  test("are cut if they do not leave", async () => {
    const opened = await open("http", 1);
    await fill(opened);
    const stays = visit(opened.listener);
    await stays.over;
    expect(opened.room.refused).toBe(1);

    await waitUntil(() => opened.room.refused === 0);

    expect(opened.room.refused).toBe(0);
  });

  test("are cut at once if too many of them stay, so that they hold few descriptors", async () => {
    const opened = await open("http", 1, { room: roomFor(1, 5).room });
    await fill(opened);
    const stay = Array.from({ length: 5 }, () => visit(opened.listener));
    await Promise.all(stay.map(({ over }) => over));

    const texts = await Promise.all(Array.from({ length: 50 }, () => visit(opened.listener).over));

    expect(texts.every((text) => text === "")).toBe(true);
    expect(opened.room.refused).toBe(5);
    expect(opened.refusals()).toBe(55);
  });
});

describe("DOS-04: while a listener is full", () => {
  const idle = { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 };

  test("a connection with nothing in flight is closed in order after five seconds instead of limits.idle", async () => {
    const { shared, visitors } = await parked(2, idle);

    sweepConnections(shared, Date.now() + 4000);
    expect(phases(shared)).toEqual(["head", "head"]);
    sweepConnections(shared, Date.now() + 6000);

    expect(phases(shared)).toEqual(["closing", "closing"]);
    await within(() => Promise.all(visitors.map(({ over }) => over)), "a client was left");
  });

  test("a connection in the middle of a head or a request stays open", async () => {
    const { shared, visitors } = await parked(2, idle);
    visitors[0]?.socket.write("GET / HTTP/1.1\r\nHo");
    visitors[1]?.socket.write("GET /waits HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await waitUntil(() => phases(shared).includes("deciding"));
    await waitUntil(() => [...shared.connections].some(({ unreadBytes }) => unreadBytes > 0));

    sweepConnections(shared, Date.now() + 6000);

    expect(phases(shared).toSorted()).toEqual(["deciding", "head"]);
  });

  test("a shorter limit does not change, and no limit changes while there is room", async () => {
    const short = await parked(1, { ...idle, idleSeconds: 3 });
    const roomy = await parked(1, idle, 2);

    sweepConnections(short.shared, Date.now() + 2000);
    sweepConnections(roomy.shared, Date.now() + 50_000);

    expect([...phases(short.shared), ...phases(roomy.shared)]).toEqual(["head", "head"]);
  });
});

describe("DOS-04: a TLS listener that is full", () => {
  test("cuts a connection before its handshake, counts it, and still answers the open ones", async () => {
    const opened = await open("https", 3);
    const held = await fill(opened, "https");

    const knocks = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const visitor = visit(opened.listener, "https");
        let isSecure = false;
        visitor.socket.on("secureConnect", () => {
          isSecure = true;
        });
        return { text: await within(() => visitor.over, "the connection was left open"), isSecure };
      }),
    );

    expect(knocks.every(({ text, isSecure }) => text === "" && !isSecure)).toBe(true);
    expect(opened.refusals()).toBe(9);
    for (const { ask } of held) expect(await ask("served")).toContain(" 200 ");
  });

  test("accepts new connections when some have left", async () => {
    const opened = await open("https", 2);
    const [first] = await fill(opened, "https");

    first?.socket.destroy();
    await waitUntil(() => opened.room.held === 1);

    expect(await visit(opened.listener, "https").ask("served")).toContain(" 200 ");
  });

  test("counts handshakes that never continue, and frees the places of those that fail", async () => {
    const opened = await open("https", 4);
    const silent = [visit(opened.listener), visit(opened.listener)];
    const garbage = [visit(opened.listener), visit(opened.listener)];
    await waitUntil(() => opened.room.held === 4);
    for (const { socket } of garbage) socket.write(request);

    await Promise.all(garbage.map(({ over }) => over));
    await waitUntil(() => opened.room.held === 2);
    for (const { socket } of silent) socket.destroy();

    await waitUntil(() => opened.room.held === 0);
  });
});

function phases({ connections }: ListenerContext): readonly string[] {
  return [...connections].map(({ phase }) => phase);
}

/** Connections without a request, of a listener that only the test sweeps. */
async function parked(
  count: number,
  limits: ListenerLimits,
  most = count,
): Promise<{ readonly shared: ListenerContext; readonly visitors: readonly Visitor[] }> {
  const { room } = roomFor(most);
  const shared: ListenerContext = {
    scheme: "http",
    handler: async () => new Promise(() => undefined),
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    pool: new Pool(),
    limits,
    headLimits: headLimitsOf(limits),
    room,
    connections: new Set(),
    isDraining: false,
  };
  const listener = listenPlain({ kind: "tcp", hostname: "127.0.0.1", port: 0 }, (socket) => {
    room.enter();
    return new ClientConnection(shared, socket);
  });
  stops.push(() => listener.stop());
  const visitors = Array.from({ length: count }, () => visit(listener));
  await waitUntil(() => shared.connections.size === count);
  return { shared, visitors };
}

async function askMany(visitors: readonly Visitor[]): Promise<{ readonly answered: number; readonly p99: number }> {
  const milliseconds: number[] = [];
  await Promise.all(
    visitors.map(async ({ ask }) => {
      for (let asked = 0; asked < 50; asked += 1) {
        const startedAt = performance.now();
        await ask("served");
        milliseconds.push(performance.now() - startedAt);
      }
    }),
  );
  const inOrder = milliseconds.toSorted((a, b) => a - b);
  return { answered: inOrder.length, p99: inOrder[Math.floor(inOrder.length * 0.99)] ?? 0 };
}
