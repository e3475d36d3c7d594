import { afterEach, expect, test } from "bun:test";
import { continueAs } from "../fakes/browser.ts";
import { type Stack, startStack } from "./stack.ts";
import { app, loggedIn, seenUser, toLoginPage } from "./visit.ts";
import { openSocket } from "./web-socket-client.ts";

let stack: Stack;
afterEach(() => stack.stop());

test("a reload keeps sessions, open WebSockets and logins under way, and the new config decides from the next request on", async () => {
  stack = await startStack();
  const alice = await loggedIn(stack, "alice");
  const bob = await loggedIn(stack, "bob");
  const socket = await openSocket(stack.port, { cookie: alice.cookies.headerFor(new URL(app)) });
  const late = stack.browser();
  const login = await toLoginPage(late, "http://app.test/wanted");

  await stack.reload({ provider: '[providers.app.allow]\nusers = ["alice"]' });

  const denied = await bob.get(app);
  const landed = await continueAs(late, login, "alice");
  socket.send("still open");
  expect(await seenUser(alice)).toBe("alice");
  expect(denied.status).toBe(403);
  expect([landed.url, landed.status]).toEqual(["http://app.test/wanted", 200]);
  expect(await socket.next()).toBe("still open");
  socket.close(1000, "");
});

test("a reload that removes a provider serves its host no more; one that adds a provider serves it at once", async () => {
  stack = await startStack();
  const other =
    '[providers.other]\nmode = "proxy"\nexternal_host = "http://other.test"\ninternal_host = "http://127.0.0.1:9"\n';
  const atOther = { host: "other.test" };

  const before = await stack.send("/", { headers: atOther });
  await stack.reload({ top: other });
  const added = await stack.send("/", { headers: atOther });
  await stack.reload({});
  const removed = await stack.send("/", { headers: atOther });

  expect([before.status, added.status, removed.status]).toEqual([400, 302, 400]);
});
