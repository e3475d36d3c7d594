import { afterEach, expect, test } from "bun:test";
import { type HttpListener, listenHttp } from "../../../src/wire/client/listener.ts";
import { ample, roomFor } from "../client/connection-rooms.ts";
import { forwardingTo, poolWith, upstreamAt } from "./fakes.ts";

const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Ended {
  readonly code: number;
  readonly reason: string;
}

/** An application that echoes each message, closes on `close <code>`, and records how it was closed. */
function echoApplication(): { readonly hostAndPort: string; readonly ended: Promise<Ended> } {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      const headers = { "Set-Cookie": "room=1", "Sec-WebSocket-Protocol": "chat" };
      return self.upgrade(request, { headers }) ? undefined : new Response("no upgrade", { status: 426 });
    },
    websocket: {
      perMessageDeflate: true,
      maxPayloadLength: 32 * 1024 * 1024,
      message(socket, message) {
        const code = typeof message === "string" ? /^close (\d+)$/.exec(message)?.[1] : undefined;
        if (code === undefined) socket.send(message, true);
        else socket.close(Number(code), "as told");
      },
      close: (_, code, reason) => resolve({ code, reason }),
    },
  });
  stops.push(() => server.stop(true));
  return { hostAndPort: `127.0.0.1:${server.port}`, ended };
}

/** A listener that lets every WebSocket through; `close` ends the last one from our side. */
function openListener(hostAndPort: string): {
  readonly listener: HttpListener;
  close(code: number, reason: string): void;
} {
  let close: (code: number, reason: string) => void = () => undefined;
  const forwarding = forwardingTo(upstreamAt(hostAndPort));
  const listener = listenHttp({
    address: { kind: "tcp", hostname: "127.0.0.1", port: 0 },
    pool: poolWith(),
    ...roomFor(ample),
    limits: { headBytes: 65536, bodyBytes: 0, idleSeconds: 60 },
    refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
    handler({ method, target, headers }) {
      const kept = headers.filter(([name]) => !["connection", "upgrade"].includes(name.toLowerCase()));
      return {
        kind: "tunnel",
        forwarding: { ...forwarding, request: { ...forwarding.request, method, target, headers: kept } },
        life: {
          opened(closing) {
            close = closing;
          },
          closed: () => undefined,
        },
      };
    },
  });
  stops.push(() => listener.stop());
  return { listener, close: (code, reason) => close(code, reason) };
}

interface Client {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly ended: Promise<Ended>;
  /** Sends a message and resolves with the next one that arrives. */
  echo(message: string | Uint8Array<ArrayBuffer>): Promise<string | ArrayBuffer>;
}

function clientOf({ port }: HttpListener): Client {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ["chat"]);
  socket.binaryType = "arraybuffer";
  const opened = new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const ended = new Promise<Ended>((resolve) =>
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }), { once: true }),
  );
  const echo = (message: string | Uint8Array<ArrayBuffer>): Promise<string | ArrayBuffer> => {
    const next = new Promise<string | ArrayBuffer>((resolve) =>
      socket.addEventListener("message", ({ data }) => resolve(data), { once: true }),
    );
    socket.send(message);
    return next;
  };
  return { socket, opened, ended, echo };
}

test("messages of every size come back whole, compressed end to end", async () => {
  const { listener } = openListener(echoApplication().hostAndPort);
  const { socket, opened, echo } = clientOf(listener);
  await opened;

  for (const size of [0, 1, 125, 126, 65535, 65536, 5_000_000]) {
    const binary = new Uint8Array(size).map((_, index) => index * 7);
    const text = "t\u00e9".repeat(size / 2);
    expect(await echo(text)).toBe(text);
    const back = await echo(binary);
    expect(back instanceof ArrayBuffer && Buffer.from(back).equals(binary)).toBe(true);
  }

  expect(socket.protocol).toBe("chat");
  expect(socket.extensions).toContain("permessage-deflate");
  socket.close();
});

test.each([1000, 1001, 3000, 4999])("the application's close %i reaches the client", async (code) => {
  const { listener } = openListener(echoApplication().hostAndPort);
  const { socket, opened, ended } = clientOf(listener);
  await opened;

  socket.send(`close ${code}`);

  expect(await ended).toEqual({ code, reason: "as told" });
});

test.each([1000, 3001, 4002])("the client's close %i reaches the application", async (code) => {
  const application = echoApplication();
  const { socket, opened } = clientOf(openListener(application.hostAndPort).listener);
  await opened;

  socket.close(code, "bye");

  expect(await application.ended).toEqual({ code, reason: "bye" });
});

test("WS-03: both sides receive our close with its code", async () => {
  const application = echoApplication();
  const { listener, close } = openListener(application.hostAndPort);
  const { opened, ended, echo } = clientOf(listener);
  await opened;
  await echo("hello");

  close(1008, "signed out");

  expect(await ended).toEqual({ code: 1008, reason: "signed out" });
  expect(await application.ended).toEqual({ code: 1008, reason: "signed out" });
});

test("a listener that stops cuts the tunnel, and the application sees it", async () => {
  const application = echoApplication();
  const { listener } = openListener(application.hostAndPort);
  const { opened, ended } = clientOf(listener);
  await opened;

  listener.stop();

  expect((await ended).code).toBe(1006);
  expect((await application.ended).code).toBe(1006);
});
