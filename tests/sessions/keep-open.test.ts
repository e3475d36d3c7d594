import { expect, test } from "bun:test";
import { keepOpen } from "../../src/sessions/keep-open.ts";

/** A server of connections that can be away. */
function fakeServer() {
  const state = { away: false, opened: 0, open: 0, lost: 0, break: () => {} };
  return {
    state,
    lost: () => void state.lost++,
    async open() {
      if (state.away) throw new Error("away");
      state.opened += 1;
      state.open += 1;
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const end = () => {
        if (client.isOpen) state.open -= 1;
        client.isOpen = false;
        resolve();
      };
      const client = { name: state.opened, isOpen: true };
      state.break = end;
      return { client, ended, close: end };
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 3000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not come about in 3 s");
    await Bun.sleep(5);
  }
}

test("the error of the first attempt is thrown", async () => {
  const server = fakeServer();
  server.state.away = true;

  await expect(keepOpen(server.open, server.lost)).rejects.toThrow("away");
});

test("a broken connection is reported, and replaced as soon as the server is back", async () => {
  const server = fakeServer();
  const kept = await keepOpen(server.open, server.lost);
  server.state.away = true;

  server.state.break();
  await until(() => server.state.lost === 1);
  expect(kept.current()).toBeNull();
  await Bun.sleep(200);
  server.state.away = false;
  await until(() => kept.current() !== null);

  expect(kept.current()?.name).toBe(2);
  kept.close();
});

test("renewing closes the connection and opens another", async () => {
  const server = fakeServer();
  const kept = await keepOpen(server.open, server.lost);

  kept.renew();
  await until(() => kept.current()?.name === 2);

  expect([server.state.open, server.state.lost]).toEqual([1, 1]);
  kept.close();
});

test("after close there is no connection, even when one was being opened", async () => {
  const server = fakeServer();
  const kept = await keepOpen(server.open, server.lost);
  server.state.break();
  await until(() => server.state.lost === 1);

  kept.close();
  await Bun.sleep(120);

  expect(server.state.open).toBe(0);
  expect(kept.current()).toBeNull();
});
