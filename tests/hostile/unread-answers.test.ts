import { expect, test } from "bun:test";
import type { Reply, WireRequest } from "../../src/ports/wire.ts";
import { turns, waitUntil } from "../fakes/waits.ts";
import { ScriptedConnection } from "./scripted-connection.ts";

const get = Buffer.from("GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n");
const requests = (count: number) => Buffer.concat(Array.from({ length: count }, () => get));
const answer: Reply = { kind: "answer", answer: { status: 200, headers: [], body: "ok" } };

/** Counts the requests that were served. */
function counting(reply: () => Reply | Promise<Reply>) {
  const served: WireRequest[] = [];
  const handler = (request: WireRequest) => {
    served.push(request);
    return reply();
  };
  return { served, handler };
}

test.each([
  ["at once", () => answer],
  ["after a wait", () => Promise.resolve(answer)],
])("L1: while an answer waits to be written, no further request is read; answered %s", async (_when, reply) => {
  const { served, handler } = counting(reply);
  const scripted = new ScriptedConnection(handler);
  scripted.takes = 9;

  scripted.connection.data(requests(50));
  await waitUntil(() => scripted.writes === 10);
  await turns(3);

  expect(served).toHaveLength(10);
  expect(scripted.isPaused).toBe(true);

  scripted.drain(20);
  await waitUntil(() => scripted.writes === 31);
  await turns(3);

  expect(served).toHaveLength(31);
  expect(scripted.isPaused).toBe(true);

  scripted.drain(1000);
  await waitUntil(() => served.length === 50);
  await turns(3);

  expect(scripted.isPaused).toBe(false);
});

test("L1: bytes that still arrive while an answer waits are kept, and not served", async () => {
  const { served, handler } = counting(() => answer);
  const scripted = new ScriptedConnection(handler);
  scripted.takes = 0;

  scripted.connection.data(requests(1));
  scripted.connection.data(requests(5));
  await turns(3);

  expect(served).toHaveLength(1);

  scripted.drain(1000);
  await waitUntil(() => served.length === 6);
});

test("L4: a client that sends far ahead is not read until little of it is left", async () => {
  const { served, handler } = counting(() => answer);
  const scripted = new ScriptedConnection(handler);
  const many = 10_000;

  scripted.connection.data(requests(many));
  const seen: boolean[] = [];
  await waitUntil(() => {
    seen.push(scripted.isPaused || scripted.connection.unreadBytes <= 64 * 1024);
    return served.length === many;
  });
  await turns(3);

  expect(seen).not.toContain(false);
  expect(scripted.isPaused).toBe(false);
});

test("L3: thousands of requests that were sent at once are served 100 in each turn of the event loop", async () => {
  const { served, handler } = counting(() => answer);
  const scripted = new ScriptedConnection(handler);

  scripted.connection.data(requests(1000));

  expect(served).toHaveLength(100);

  await waitUntil(() => served.length === 1000);
});

test("control: a client that reads its answers is served all requests, in order and without a pause", async () => {
  const { served, handler } = counting(() => answer);
  const scripted = new ScriptedConnection(handler);

  for (let sent = 0; sent < 300; sent += 1) scripted.connection.data(get);
  await waitUntil(() => served.length === 300);

  expect(scripted.writes).toBe(300);
  expect(scripted.isPaused).toBe(false);
});
