import { expect, test } from "bun:test";
import { keepOpen } from "../../src/sessions/keep-open.ts";
import { turns, waitUntil } from "../fakes/waits.ts";

/** A server that can refuse connections. */
function fakeServer() {
  const state = { away: false, refused: 0, opened: 0, open: 0, lost: 0, break: () => {} };
  return {
    state,
    lost: () => void state.lost++,
    async open() {
      if (state.away) {
        state.refused += 1;
        throw new Error("away");
      }
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
  await waitUntil(() => server.state.lost === 1);
  expect(kept.current()).toBeNull();
  await waitUntil(() => server.state.refused === 2);
  server.state.away = false;
  await waitUntil(() => kept.current() !== null);

  expect(kept.current()?.name).toBe(2);
  kept.close();
});

test("renewing closes the connection and opens another", async () => {
  const server = fakeServer();
  const kept = await keepOpen(server.open, server.lost);

  kept.renew();
  await waitUntil(() => kept.current()?.name === 2);

  expect([server.state.open, server.state.lost]).toEqual([1, 1]);
  kept.close();
});

test("after close there is no connection, even when one was being opened", async () => {
  const server = fakeServer();
  const kept = await keepOpen(server.open, server.lost);
  server.state.break();
  await waitUntil(() => server.state.lost === 1);

  kept.close();
  await turns();

  expect([server.state.opened, server.state.open]).toEqual([1, 0]);
  expect(kept.current()).toBeNull();
});
