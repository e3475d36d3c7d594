import { afterEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { scriptedUpstreams } from "../fakes/upstream.ts";
import { waitUntil } from "../fakes/waits.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, loggedIn } from "./visit.ts";

const { scripted, stopAll } = scriptedUpstreams();
let stack: Stack;
let socket: Socket;
afterEach(async () => {
  socket.destroy();
  await stack.stop();
  await stopAll();
});

/** An application that logs a connection in with NTLM, and one client connection to akproxy in front of it. */
async function start(provider: string): Promise<void> {
  const users = new Map<number, string>();
  const upstream = await scripted((at) => {
    const user = /\r\nauthorization: ntlm (\S+)/i.exec(at.head)?.[1];
    if (user !== undefined) users.set(at.connection, user);
    const body = `you are ${users.get(at.connection) ?? "nobody"};`;
    at.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  stack = await startStack({ internalHost: upstream.origin, provider });
  socket = connect(stack.port, "127.0.0.1");
}

async function ask(...lines: readonly string[]): Promise<string> {
  let text = "";
  const listen = (bytes: Buffer): void => {
    text += bytes.toString("latin1");
  };
  socket.on("data", listen);
  socket.write(["GET / HTTP/1.1", "Host: app.test", ...lines, "", ""].join("\r\n"));
  await waitUntil(() => text.endsWith(";"));
  socket.off("data", listen);
  return text.slice(text.indexOf("\r\n\r\n") + 4, -1);
}

const everythingPublic = 'skip_path_regex = "^/"';

test("decision 56: a client that speaks to akproxy itself stays logged in at the application", async () => {
  await start(everythingPublic);

  expect(await ask("Authorization: NTLM alice")).toBe("you are alice");
  expect(await ask()).toBe("you are alice");
});

test.each([
  "X-Forwarded-For: 198.51.100.7",
  "Forwarded: for=198.51.100.7",
  "X-Real-IP: 198.51.100.7",
  "Via: 1.1 front",
])(
  "decision 56: behind a reverse proxy (%s) a connection may carry several anonymous users, so none stays logged in",
  async (line) => {
    await start(everythingPublic);

    expect(await ask(line, "Authorization: NTLM alice")).toBe("you are alice");
    expect(await ask(line)).toBe("you are nobody");
  },
);

test("decision 56: behind a reverse proxy a login at the application belongs to the user of the session", async () => {
  await start("intercept_header_auth = false");
  const [alice, bob] = [await cookieOf("alice"), await cookieOf("bob")];
  const front = "X-Forwarded-For: 198.51.100.7";

  expect(await ask(front, alice, "Authorization: NTLM alice")).toBe("you are alice");
  expect(await ask(front, alice)).toBe("you are alice");
  expect(await ask(front, bob)).toBe("you are nobody");
});

async function cookieOf(subject: string): Promise<string> {
  const { cookies } = await loggedIn(stack, subject);
  return `Cookie: ${cookies.headerFor(new URL(app))}`;
}
