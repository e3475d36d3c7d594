import { afterAll, expect, test } from "bun:test";
import { loginAs } from "../fakes/browser.ts";
import { startStack } from "./stack.ts";
import { app, loggedIn, outpost } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

/** How the application's side of a WebSocket ended. */
interface Ended {
  readonly code: number;
  readonly reason: string;
}

let ended = Promise.withResolvers<Ended>();

/** An application that echoes, closes when it is told to ("close CODE REASON"), and tells how its side ended. */
const application = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no WebSocket\n", { status: 426 })),
  websocket: {
    message(socket, message) {
      const order = /^close (\d+) ?(.*)$/.exec(String(message));
      if (order === null) socket.send(message);
      else socket.close(Number(order[1]), order[2] ?? "");
    },
    close(_socket, code, reason) {
      ended.resolve({ code, reason });
    },
  },
});

const stack = await startStack({ internalHost: `http://127.0.0.1:${application.port}` });
afterAll(async () => {
  await stack.stop();
  await application.stop(true);
});

/** A WebSocket in the browser of a user who has just logged in to an application without pages. */
async function socketOf(subject: string) {
  const browser = stack.browser();
  await loginAs(browser, app, subject);
  const cookie = browser.cookies.headerFor(new URL(app));
  return { browser, socket: await openSocket(stack.port, { cookie }) };
}

test.each([
  [1000, "done"],
  [3001, "ours"],
  [4999, ""],
])("the client's close code %d and reason reach the application", async (code, reason) => {
  ended = Promise.withResolvers<Ended>();
  const { socket } = await socketOf("alice");

  socket.close(code, reason);

  expect(await ended.promise).toEqual({ code, reason });
  expect((await socket.closed).code).toBe(code);
});

test.each([
  [1000, "done"],
  [1011, "broken"],
  [4001, "go away"],
])("the application's close code %d and reason reach the client", async (code, reason) => {
  const { socket } = await socketOf("alice");

  socket.send(`close ${code} ${reason}`);

  expect(await socket.closed).toEqual({ code, reason });
});

test("WS-03: a sign-out closes the person's WebSockets in every browser with 1008, and no others", async () => {
  const here = await socketOf("alice");
  const elsewhere = await socketOf("alice");
  const bobs = await socketOf("bob");
  const askedAt = performance.now();

  await here.browser.get(`${outpost}/sign_out`);
  const ends = await Promise.all([here.socket.closed, elsewhere.socket.closed]);

  expect(ends).toEqual([
    { code: 1008, reason: "signed out" },
    { code: 1008, reason: "signed out" },
  ]);
  expect(performance.now() - askedAt).toBeLessThan(5000);
  bobs.socket.send("still here");
  expect(await bobs.socket.next()).toBe("still here");
  ended = Promise.withResolvers<Ended>();
  bobs.socket.close(1000, "");
  await ended.promise;
});

test("a sign-out ends the application's side of the WebSocket, too", async () => {
  ended = Promise.withResolvers<Ended>();
  const { browser } = await socketOf("alice");

  await browser.get(`${outpost}/sign_out`);

  expect((await ended.promise).code).toBe(1008);
});

test("a stop closes WebSockets with 1001", async () => {
  const own = await startStack();
  const browser = await loggedIn(own, "alice");
  const socket = await openSocket(own.port, { cookie: browser.cookies.headerFor(new URL(app)) });

  const finished = await own.running.drain();

  expect((await socket.closed).code).toBe(1001);
  expect(finished).toBe(true);
  await own.stop();
});
