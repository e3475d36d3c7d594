import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/core/failure.ts";
import type { Session } from "../../src/core/session.ts";
import type { SessionStore } from "../../src/ports/session-store.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { cachedSessions } from "../../src/sessions/cached-sessions.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { rowKey } from "../../src/sessions/record.ts";
import type { RowChanges } from "../../src/sessions/rows.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-cache-"));
afterAll(() => rmSync(root, { recursive: true }));
const deps = { keys: openKeys(["a secret of the outpost, long enough"]), now: () => 1000, randomBytes };

/** A store that counts its look-ups, and whose look-ups wait for `release` when `gate` is set. */
function countingStore(stored: readonly Session[]) {
  const sessions = new Map(stored.map((session) => [session.id, session]));
  const state = {
    lookUps: 0,
    gate: null as Promise<void> | null,
    changes: [] as RowChanges[],
    isAway: false,
    now: 1000,
    spread: 0,
  };
  const store: SessionStore = {
    create: async (session) => void sessions.set(session.id, session),
    async get(id) {
      state.lookUps += 1;
      const found = sessions.get(id) ?? null;
      await state.gate;
      if (state.isAway) throw new Failure("store_unavailable", "session store: away");
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
    announceAll: async () => undefined,
    evictionPolicy: async () => "noeviction",
    close: async () => undefined,
  };
  const cached = cachedSessions(store, {
    now: () => state.now,
    spread: () => state.spread,
    takeChanges: () => state.changes.shift() ?? { kind: "none" },
    subjectNames: (issuer, subject) => [`u:${issuer} ${subject}`],
    idpSessionNames: (issuer, idpSession) => [`i:${issuer} ${idpSession}`],
    limit: 2,
  });
  return { cached, state, sessions };
}

/** Reads in the background that need no wait have ended then. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
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

test.each([
  ["its user", "u:https://idp.test/ alice-sub"],
  ["its session at the issuer", "i:https://idp.test/ sid-1"],
  ["its row", rowKey(idOf("a"))],
])("decision 59: a session whose row the store has lost leaves the cache when %s is announced", async (_what, name) => {
  const session = sessionOf({ id: idOf("a") });
  const other = sessionOf({ id: idOf("b"), subject: "bob-sub", idpSession: "sid-2" });
  const { cached, state, sessions } = countingStore([session, other]);
  await cached.get(session.id);
  await cached.get(other.id);
  sessions.clear();

  state.changes.push({ kind: "some", names: [name] });

  expect(await cached.get(session.id)).toBeNull();
  expect(await cached.get(other.id)).toEqual(other);
});

test("decision 59: a cached session is read again in the background between 30 s and 50 s, once, and no request waits for it", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  state.spread = 0.5;
  await cached.get(session.id);
  state.now = 1039;
  const before = cached.get(session.id);
  const lookUpsBefore = state.lookUps;

  state.now = 1040;
  const during = [cached.get(session.id), cached.get(session.id)];
  await nextTurn();

  expect(before).toBe(session);
  expect(during).toEqual([session, session]);
  expect([lookUpsBefore, state.lookUps]).toEqual([1, 2]);
});

test("decision 59: a session that the store has lost ends with the read in the background", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state, sessions } = countingStore([session]);
  await cached.get(session.id);
  sessions.clear();

  state.now = 1030;
  await cached.get(session.id);
  await nextTurn();

  expect(await cached.get(session.id)).toBeNull();
});

test("decision 59: a session is never used 60 s after it was read, however often it is used", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  await cached.get(session.id);
  state.isAway = true;
  const answers: (string | null)[] = [];

  for (const now of [1030, 1045, 1059, 1060]) {
    state.now = now;
    const answer = await Promise.resolve(cached.get(session.id)).catch((error: Failure) => error.code);
    answers.push(typeof answer === "string" ? answer : (answer?.id ?? null));
  }

  expect(answers).toEqual([session.id, session.id, session.id, "store_unavailable"]);
});

test("decision 59: a read in the background that fails is tried again after five seconds, not with every request", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  await cached.get(session.id);
  state.isAway = true;

  for (state.now = 1030; state.now < 1060; state.now += 1) {
    for (let n = 0; n < 10; n++) await cached.get(session.id);
  }

  expect(state.lookUps).toBe(7);
});

test("decision 59: when the clock is set back, a cached session is read from the store before it is used again", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state, sessions } = countingStore([session]);
  await cached.get(session.id);
  sessions.clear();

  state.now = 900;

  expect(await cached.get(session.id)).toBeNull();
});

test("a session that is used while it is read again keeps the time of its use", async () => {
  const session = sessionOf({ id: idOf("a") });
  const { cached, state } = countingStore([session]);
  await cached.get(session.id);
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;
  state.now = 1030;
  await cached.get(session.id);

  await cached.touch(session.id, 1001);
  resolve();
  await nextTurn();

  expect((await cached.get(session.id))?.lastSeenAt).toBe(1001);
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
  await nextTurn(); // another process does not share our turn of the event loop

  expect(await here.get(session.id)).toBeNull();
  await here.close();
  await there.close();
});
