import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { loginAs } from "../fakes/browser.ts";
import { waitUntil } from "../fakes/waits.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";
import { app } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

/** An application with an endless event stream and a WebSocket; it tells how many of its streams were let go. */
function streamingApplication() {
  const state = { letGo: 0 };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    websocket: { message: (socket, data) => void socket.send(data) },
    fetch(request, self) {
      if (self.upgrade(request)) return undefined;
      if (new URL(request.url).pathname !== "/events") return new Response("hello");
      request.signal.addEventListener("abort", () => {
        state.letGo += 1;
      });
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: first\n\n")),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, state, stop: () => server.stop(true) };
}

const secret = "a secret of this journey, long enough";
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(options: StackOptions = {}): Promise<{ stack: Stack; letGo: () => number; cookie: string }> {
  const application = streamingApplication();
  stops.push(application.stop);
  const stack = await startStack({ internalHost: application.url, top: `[outpost]\nsecret = "${secret}"`, ...options });
  stops.push(() => stack.stop());
  const browser = stack.browser();
  await loginAs(browser, app, "alice");
  return { stack, letGo: () => application.state.letGo, cookie: browser.cookies.headerFor(new URL(app)) };
}

/** An event stream of a user: its first event has come; `over` resolves when it has ended or broken. */
async function openEvents(stack: Stack, cookie: string): Promise<{ readonly over: Promise<void> }> {
  const response = await fetch(`http://127.0.0.1:${stack.port}/events`, { headers: { host: "app.test", cookie } });
  const reader = response.body?.getReader();
  await reader?.read();
  const over = (async () => {
    for (;;) if ((await reader?.read().catch(() => ({ done: true })))?.done !== false) return;
  })();
  return { over };
}

/** Ends every session of alice from outside the process, as another instance or a command would. */
async function endElsewhere(stack: Stack): Promise<void> {
  const store = await openSessions(
    { kind: "sqlite", file: join(stack.stateDir, "sessions.sqlite") },
    {
      keys: openKeys([secret]),
      now: () => Math.floor(Date.now() / 1000),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    },
  );
  await store.deleteBySubject(stack.issuer.issuer, "alice");
  await store.close();
}

test("WS-03: a WebSocket and an event stream end when their session reaches its limit", async () => {
  const { stack, cookie, letGo } = await start();
  const socket = await openSocket(stack.port, { cookie });
  const events = await openEvents(stack, cookie);

  stack.advance(25 * 3600);

  expect((await socket.closed).code).toBe(1008);
  await events.over;
  await waitUntil(() => letGo() > 0);
});

test("WS-03: they end when the session is ended by another process", async () => {
  const { stack, cookie } = await start();
  const socket = await openSocket(stack.port, { cookie });
  const events = await openEvents(stack, cookie);

  await endElsewhere(stack);

  expect((await socket.closed).code).toBe(1008);
  await events.over;
});

test("WS-03: an event stream ends when its user signs out", async () => {
  const { stack, cookie } = await start();
  const events = await openEvents(stack, cookie);

  await fetch(`http://127.0.0.1:${stack.port}/outpost.goauthentik.io/sign_out`, {
    headers: { host: "app.test", cookie },
    redirect: "manual",
  });

  await events.over;
});

test('websocket_logout = "keep" lets them go on', async () => {
  const application = streamingApplication();
  stops.push(application.stop);
  const provider = (name: string) =>
    `mode = "proxy"\nexternal_host = "http://${name}.test"\ninternal_host = "${application.url}"\n`;
  const { stack, cookie } = await start({
    providers: `[providers.app]\n${provider("app")}websocket_logout = "keep"\n[providers.other]\n${provider("other")}`,
  });
  const socket = await openSocket(stack.port, { cookie });
  const browser = stack.browser();
  await loginAs(browser, "http://other.test/", "alice");
  const others = { host: "other.test", origin: "http://other.test" };
  const otherCookie = browser.cookies.headerFor(new URL("http://other.test/"));
  const ending = await openSocket(stack.port, { ...others, cookie: otherCookie });

  await endElsewhere(stack);
  await ending.closed; // the check that ends streams has run
  socket.send("still here");

  expect(await socket.next()).toBe("still here");
  socket.close(1000, "");
});
