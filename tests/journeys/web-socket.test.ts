import { afterAll, expect, test } from "bun:test";
import { requestText, sendRaw } from "../fakes/raw-client.ts";
import { waitUntil } from "../fakes/waits.ts";
import { startStack } from "./stack.ts";
import { app, loggedIn } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

const stack = await startStack({ provider: 'skip_path_regex = "^/public/"' });
afterAll(() => stack.stop());

async function cookieOf(subject: string): Promise<string> {
  return (await loggedIn(stack, subject)).cookies.headerFor(new URL(app));
}

/** The status of a WebSocket handshake with these header lines besides the necessary ones, and the rest of the answer. */
async function handshake(path: string, more: readonly (readonly [string, string])[]) {
  const lines = [
    ["Host", "app.test"],
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ...more,
  ] as const;
  const { answers } = await sendRaw(stack.port, requestText(`GET ${path} HTTP/1.1`, lines));
  const [answer] = answers;
  if (answer === undefined) throw new Error("no answer to the handshake");
  return answer;
}

test("text and bytes go to the application and come back, in order", async () => {
  const socket = await openSocket(stack.port, { cookie: await cookieOf("alice") });

  socket.send("hello");
  socket.send("grüße 🍰");
  socket.send(Uint8Array.of(0, 1, 254, 255));
  socket.send("x".repeat(300_000));

  expect(await socket.next()).toBe("hello");
  expect(await socket.next()).toBe("grüße 🍰");
  expect(await socket.next()).toEqual(Uint8Array.of(0, 1, 254, 255));
  expect(await socket.next()).toBe("x".repeat(300_000));
  socket.close(1000, "");
  await socket.closed;
});

test("the offered subprotocol that the application chooses is the client's", async () => {
  const socket = await openSocket(stack.port, { cookie: await cookieOf("alice") }, ["Chat.v1", "other"]);

  expect(socket.protocol).toBe("Chat.v1");
  socket.close(1000, "");
});

test("open WebSockets are counted", async () => {
  await waitUntil(async () => (await stack.metric("akproxy_websockets")) === 0); // those of the tests before are closing
  const socket = await openSocket(stack.port, { cookie: await cookieOf("alice") });

  const open = await stack.metric("akproxy_websockets");
  socket.close(1000, "");
  await socket.closed;

  expect(open).toBe(1);
});

test("WS-01: an upgrade without a session is 401 with JSON and no redirect, and the application sees nothing", async () => {
  const answer = await handshake("/ws", []);

  const header = (name: string) => answer.headers.find(([other]) => other.toLowerCase() === name)?.[1];
  expect(answer.status).toBe(401);
  expect(header("location")).toBeUndefined();
  expect(header("set-cookie")).toBeUndefined();
  expect(header("www-authenticate")).toBe('Bearer realm="app"');
  expect(JSON.parse(answer.body).error).toBe("login_required");
});

test("WS-02: an upgrade from another site's page is 403, with a session, too; from our own page or from no page it is 101", async () => {
  const cookie = ["Cookie", await cookieOf("alice")] as const;

  const statuses = [
    (await handshake("/ws", [cookie, ["Origin", "https://evil.test"]])).status,
    (await handshake("/ws", [cookie, ["Origin", "http://app.test.evil.test"]])).status,
    (await handshake("/ws", [cookie, ["Origin", "http://app.test:81"]])).status,
    (await handshake("/ws", [cookie, ["Origin", "https://app.test"]])).status,
    (await handshake("/ws", [cookie, ["Origin", "null"]])).status,
    (await handshake("/ws", [cookie, ["Origin", "http://app.test"]])).status,
    (await handshake("/ws", [cookie])).status,
  ];

  expect(statuses).toEqual([403, 403, 403, 403, 403, 101, 101]);
});

test("WS-04: an application that refuses the upgrade leaves the client without one", async () => {
  const answer = await handshake("/elsewhere", [["Cookie", await cookieOf("alice")]]);

  expect(answer.status).toBeGreaterThanOrEqual(400);
});
