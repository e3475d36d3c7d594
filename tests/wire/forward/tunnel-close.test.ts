import { afterEach, expect, test } from "bun:test";
import { scriptedUpstreams } from "../../fakes/upstream.ts";
import { turns } from "../../fakes/waits.ts";
import { sweptPool } from "./fakes.ts";
import { frame, type HeardTunnel, heardTunnel, maskedFrame, switchingTo } from "./tunnel-fakes.ts";

const { scripted, stopAll } = scriptedUpstreams();
afterEach(stopAll);

interface Opened extends HeardTunnel {
  /** What the client received after the 101. */
  given(): string;
  elapse(seconds: number): void;
}

async function opened(): Promise<Opened> {
  const upstream = await scripted((exchange) => exchange.write(switchingTo(exchange.head)));
  const { pool, elapse } = sweptPool();
  const tunnel = await heardTunnel(upstream, pool);
  const given = (): string => tunnel.client.text().replace(/^.*?\r\n\r\n/s, "");
  return { ...tunnel, given, elapse };
}

test("WS-03: our close reaches the client as a close frame with its code and reason, then FIN", async () => {
  const { close, given, events, handle, exchange } = await opened();

  close(1008, "signed out");
  const before = [...events];
  handle.clientEnded();
  await exchange.closed;

  expect(given()).toBe(`\x88\x0c\x03\xf0signed out[fin]`);
  expect(before).toEqual(["answered 101", "opened"]);
  expect(events).toEqual(["answered 101", "opened", "closed"]);
});

test("the upstream gets a masked close frame if its client is between frames", async () => {
  const { close, handle, heard, exchange } = await opened();
  handle.clientBytes(Buffer.from(maskedFrame(0x81, "hello"), "latin1"));
  await heard.has("hello");

  close(1001, "stopping");
  handle.clientEnded();
  await exchange.closed;

  const sent = heard.text().slice(maskedFrame(0x81, "hello").length);
  const mask = Buffer.from(sent.slice(2, 6), "latin1");
  const payload = Buffer.from(sent.slice(6), "latin1").map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  expect(sent.slice(0, 2)).toBe("\x88\x8a");
  expect(Buffer.from(payload).toString("latin1")).toBe("\x03\xe9stopping");
});

test("in the middle of the client's frame the upstream gets no close frame", async () => {
  const { close, handle, heard, exchange } = await opened();
  handle.clientBytes(Buffer.from(maskedFrame(0x82, "half of it").slice(0, 9), "latin1"));
  await heard.has("\x82");

  close(1001, "");
  handle.clientEnded();
  await exchange.closed;

  expect(heard.text()).toBe(maskedFrame(0x82, "half of it").slice(0, 9));
});

test("in the middle of the upstream's frame our close waits for its end, and later frames are dropped", async () => {
  const { close, exchange, client, given } = await opened();
  const large = frame(0x82, "x".repeat(70_000));
  exchange.write(large.slice(0, 30_000));
  await client.has("x".repeat(29_000));

  close(1008, "signed out");
  const before = given();
  exchange.write(`${large.slice(30_000)}${frame(0x81, "secret")}`);
  await client.has("[fin]");

  expect(before).toBe(large.slice(0, 30_000));
  expect(given()).toBe(`${large}\x88\x0c\x03\xf0signed out[fin]`);
});

test("what either side sends after our close is dropped", async () => {
  const { close, exchange, handle, given, heard } = await opened();
  close(1008, "");
  await heard.has("\x88");
  const sent = heard.text();

  handle.clientBytes(Buffer.from(maskedFrame(0x81, "more"), "latin1"));
  exchange.write(frame(0x81, "more"));
  await turns(10);

  expect(given()).toBe("\x88\x02\x03\xf0[fin]");
  expect(heard.text()).toBe(sent);
});

test("a client that does not leave after our close is cut after 5 seconds; so is a frame that does not end", async () => {
  const staying = await opened();
  const inFrame = await opened();
  inFrame.exchange.write(frame(0x82, "x".repeat(100)).slice(0, 50));
  await inFrame.client.has("xxx");
  staying.close(1008, "");
  inFrame.close(1008, "");

  for (const { elapse } of [staying, inFrame]) elapse(4.9);
  const before = [...staying.events, ...inFrame.events];
  for (const { elapse } of [staying, inFrame]) elapse(0.1);

  expect(before).not.toContain("closed");
  expect([staying.events.at(-1), inFrame.events.at(-1)]).toEqual(["closed", "closed"]);
  expect([staying.given(), inFrame.given().slice(-8)]).toEqual(["\x88\x02\x03\xf0[fin][abort]", "x[abort]"]);
  await staying.exchange.closed;
});

test("if the upstream answers our close and ends, the client still has time to receive its own close", async () => {
  const { close, exchange, handle, given, heard, events } = await opened();

  close(1008, "");
  await heard.has("\x88");
  exchange.end(frame(0x88, "\x03\xf0"));
  await turns(10);
  const before = [...events];
  handle.clientEnded();

  expect(given()).toBe("\x88\x02\x03\xf0[fin]");
  expect(before).not.toContain("closed");
  expect(events.at(-1)).toBe("closed");
});

test("a second close, and one after the end, do nothing", async () => {
  const { close, given, events, handle } = await opened();

  close(1008, "");
  close(1001, "");
  handle.clientEnded();
  close(1001, "");
  handle.clientGone();

  expect(given()).toBe("\x88\x02\x03\xf0[fin]");
  expect(events).toEqual(["answered 101", "opened", "closed"]);
});

test.each([
  ["a code that must not be sent becomes 1001", 1006, "x", "\x88\x03\x03\xe9x"],
  ["an application's code stays", 4321, "", "\x88\x02\x10\xe1"],
  [
    "a reason too long is cut between characters",
    1000,
    `${"a".repeat(122)}\u00e9\u00e9`,
    `\x88\x7c\x03\xe8${"a".repeat(122)}`,
  ],
])("%s (RFC 6455 5.5, 7.4)", async (_, code, reason, sent) => {
  const { close, given } = await opened();

  close(code, reason);

  expect(given()).toBe(`${sent}[fin]`);
});
