import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session } from "../../src/core/session.ts";
import type { SessionStore } from "../../src/ports/session-store.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { cachedSessions } from "../../src/sessions/cached-sessions.ts";
import { openSessions } from "../../src/sessions/open.ts";
import type { RowChanges } from "../../src/sessions/rows.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-cache-"));
afterAll(() => rmSync(root, { recursive: true }));
const deps = { keys: openKeys(["a secret of the outpost, long enough"]), now: () => 1000, randomBytes };

/** A store that counts its look-ups, and whose look-ups wait for `release` when `gate` is set. */
function countingStore(stored: readonly Session[]) {
  const sessions = new Map(stored.map((session) => [session.id, session]));
  const state = { lookUps: 0, gate: null as Promise<void> | null, changes: [] as RowChanges[] };
  const store: SessionStore = {
    create: async (session) => void sessions.set(session.id, session),
    async get(id) {
      state.lookUps += 1;
      const found = sessions.get(id) ?? null;
      await state.gate;
      return found;
    },
    touch: async () => undefined,
    delete: async (id) => void sessions.delete(id),
    async deleteBySubject(_issuer, subject) {
      const ids = [...sessions.values()].filter(({ identity }) => identity.subject === subject).map(({ id }) => id);
      for (const id of ids) sessions.delete(id);
      return ids.length;
    },
    deleteByIdpSession: async () => 0,
    update: async () => true,
    lease: async () => true,
    list: async () => [],
    deleteByHandle: async () => 0,
    deleteExpired: async () => 0,
    count: async () => sessions.size,
    probe: async () => undefined,
    close: async () => undefined,
  };
  const cached = cachedSessions(store, {
    now: () => 1000,
    takeChanges: () => state.changes.shift() ?? { kind: "none" },
    limit: 2,
  });
  return { cached, state };
}

test("a session is looked up once and then cached", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);

  const seen = [await cached.get(session.id), await cached.get(session.id), await cached.get(session.id)];

  expect(seen).toEqual([session, session, session]);
  expect(state.lookUps).toBe(1);
});

test("SES-09: a look-up that overlaps a deletion is not cached", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;

  const overlapping = cached.get(session.id);
  await cached.deleteBySubject(session.identity.issuer, session.identity.subject);
  resolve();
  await overlapping;

  expect(await cached.get(session.id)).toBeNull();
});

test("a deletion by subject removes that user's sessions from the cache, and no other", async () => {
  const alice = sessionOf({ id: idOf("a"), subject: "alice" });
  const bob = sessionOf({ id: idOf("b"), subject: "bob" });
  const { cached, state } = countingStore([alice, bob]);
  await cached.get(alice.id);
  await cached.get(bob.id);

  await cached.deleteBySubject(alice.identity.issuer, "alice");

  expect(await cached.get(alice.id)).toBeNull();
  expect(await cached.get(bob.id)).toEqual(bob);
  expect(state.lookUps).toBe(3);
});

test("a change of another process empties the cache", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  await cached.get(session.id);

  state.changes.push({ kind: "all" });
  await cached.get(session.id);

  expect(state.lookUps).toBe(2);
});

test("after a lease a session is read from the store, not from the cache", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  await cached.get(session.id);

  await cached.lease(session.id, 60);
  await cached.get(session.id);

  expect(state.lookUps).toBe(2);
});

test("at its limit the cache evicts the oldest session, which is still in the store", async () => {
  const sessions = ["a", "b", "c"].map((start) => sessionOf({ id: idOf(start) }));
  const { cached, state } = countingStore(sessions);
  for (const { id } of sessions) await cached.get(id);

  const [first] = sessions;
  expect(await cached.get(first?.id ?? "")).toEqual(first ?? null);
  expect(state.lookUps).toBe(4);
});

test("a session that one process on a SQLite file deletes is gone in the other at its next read", async () => {
  const file = join(root, "shared", "sessions.sqlite");
  const [here, there] = [
    await openSessions({ kind: "sqlite", file }, deps),
    await openSessions({ kind: "sqlite", file }, deps),
  ];
  const session = sessionOf({ id: idOf("a") });
  await here.create(session);
  expect(await here.get(session.id)).toEqual(session);

  await there.deleteBySubject(session.identity.issuer, session.identity.subject);
  await new Promise((resolve) => setImmediate(resolve)); // another process does not share our turn of the event loop

  expect(await here.get(session.id)).toBeNull();
  await here.close();
  await there.close();
});
