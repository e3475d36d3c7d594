import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeys } from "../../src/seal/keys.ts";
import { LockQueue } from "../../src/sessions/lock-queue.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { sqliteRows } from "../../src/sessions/sqlite.ts";
import { idOf, sessionOf } from "../contract/session-store.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { isLeftOut } from "../fakes/left-out.ts";
import { turns, waitUntil } from "../fakes/waits.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-sqlite-locks-"));
afterAll(() => rmSync(root, { recursive: true }));

const deps = { keys: openKeys(["a secret of the outpost, long enough"]), now: () => 1000, randomBytes };

let made = 0;
function newFile(): string {
  made += 1;
  return join(root, `store-${made}`, "sessions.sqlite");
}

const open = (file: string) => openSessions({ kind: "sqlite", file }, deps);

/** Another program's write lock on the file. */
function lockOf(file: string, mode: "IMMEDIATE" | "EXCLUSIVE" = "IMMEDIATE"): { free(): void } {
  const database = new Database(file);
  database.run(`BEGIN ${mode}`);
  return {
    free() {
      database.run("ROLLBACK");
      database.close();
    },
  };
}

/** The longest pause of the event loop while `work` runs, in milliseconds. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let [last, worst] = [performance.now(), 0];
  const timer = setInterval(() => {
    worst = Math.max(worst, performance.now() - last);
    last = performance.now();
  }, 1);
  await work();
  clearInterval(timer);
  return worst;
}

test("L3: a write that waits for a lock holds neither the event loop nor reads, and is done when the lock is free", async () => {
  const file = newFile();
  const store = await open(file);
  await store.create(sessionOf({ id: idOf("before") }));
  const lock = lockOf(file);

  let isCreated = false;
  let creating: Promise<void> = Promise.resolve();
  const pause = await longestPause(async () => {
    creating = store.create(sessionOf()).then(() => {
      isCreated = true;
    });
    for (let n = 0; n < 20; n++) {
      expect(await store.get(idOf("before"))).not.toBeNull();
      await turns();
    }
  });
  const [before, count] = [isCreated, await store.count()];
  lock.free();
  await creating;

  expect(pause).toBeLessThan(100);
  expect([before, count]).toEqual([false, 1]);
  expect(await store.get(idOf("one"))).toEqual(sessionOf());
  await store.close();
});

test("the writes that wait are done in the order in which they came", async () => {
  const file = newFile();
  const store = await open(file);
  const lock = lockOf(file);

  const writes = [
    store.create(sessionOf()),
    store.update({ ...sessionOf(), version: 2 }),
    store.delete(idOf("one")),
    store.update({ ...sessionOf(), version: 3 }),
    store.create(sessionOf({ id: idOf("two") })),
  ];
  lock.free();

  expect(await Promise.all(writes)).toEqual([undefined, true, undefined, false, undefined]);
  expect(await store.get(idOf("one"))).toBeNull();
  expect(await store.get(idOf("two"))).not.toBeNull();
  await store.close();
});

test("a write that waits for two seconds fails, and says what to look for", async () => {
  const file = newFile();
  const store = await open(file);
  const lock = lockOf(file);

  const failed = await store.create(sessionOf()).catch((thrown: unknown) => thrown);
  lock.free();
  await store.create(sessionOf());

  expect(failed).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(`session store "${file}": another process has held a lock for 2 s; end its`),
  });
  await store.close();
});

test("a touch does not wait for a lock, and is done when the lock is free", async () => {
  const file = newFile();
  const store = await open(file);
  const beside = await open(file);
  await store.create(sessionOf({ idleSeconds: 600 }));
  const lock = lockOf(file);

  await store.touch(idOf("one"), 1100);
  const before = (await beside.list({ username: null }))[0]?.lastSeenAt;
  lock.free();

  await waitUntil(async () => (await beside.list({ username: null }))[0]?.lastSeenAt === 1100);
  expect(before).toBe(1000);
  await store.close();
  await beside.close();
});

test("closing the store refuses the writes that wait", async () => {
  const file = newFile();
  const store = await open(file);
  const lock = lockOf(file);

  const writing = store.create(sessionOf()).catch((thrown: unknown) => thrown);
  await store.close();
  lock.free();

  expect(await writing).toMatchObject({ code: "store_unavailable" });
});

test("a store that is up to date is opened while another process holds the write lock", async () => {
  const file = newFile();
  const made = await open(file);
  await made.create(sessionOf());
  const lock = lockOf(file);

  const store = await open(file);

  expect(await store.get(idOf("one"))).toEqual(sessionOf());
  lock.free();
  await Promise.all([made.close(), store.close()]);
});

test("L4: what waits for a lock is bounded in bytes, and what is too much is refused at once", async () => {
  const locked = Object.assign(new Error("locked"), { code: "SQLITE_BUSY" });
  let isLocked = true;
  const queue = new LockQueue({ subject: "the store", clock: () => performance.now(), mostBytes: 1000 });
  const run = (bytes: number) =>
    queue.run(() => {
      if (isLocked) throw locked;
      return bytes;
    }, bytes);

  const fitting = run(700);
  const tooMuch = await run(100).catch((thrown: unknown) => thrown);
  isLocked = false;

  expect(tooMuch).toMatchObject({
    message: "the store: another process holds a lock, and too many statements wait for it",
  });
  expect(await fitting).toBe(700);
  expect(await run(900)).toBe(900);
  queue.close();
});

test("L3: a sweep of 20,000 expired sessions lets the event loop go on", async () => {
  const file = newFile();
  await (await open(file)).close();
  const filling = new Database(file);
  filling.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO sessions (key, subject_key, expires_at, idle_seconds, last_seen_at, summary, body)
    SELECT printf('%043d', i), 'x', 1, 0, 0, x'00', zeroblob(4096) FROM n`);
  filling.close();
  const store = await open(file);

  let removed = 0;
  const pause = await longestPause(async () => {
    removed = await store.deleteExpired();
  });

  expect(removed).toBe(20_000);
  expect(pause).toBeLessThan(100);
  await store.close();
});

test.each(["", "-wal"])(
  "a file that is moved away under the store (sessions.sqlite%s) is noticed within 5 s and told in the log; back at its place it is used again",
  async (end) => {
    const file = newFile();
    const log = keptLog();
    const rows = sqliteRows(file, log);
    const count = () => rows.count(1000).catch((thrown: unknown) => (thrown instanceof Error ? thrown.message : ""));

    renameSync(file + end, `${file}.away`);
    await waitUntil(async () => typeof (await count()) === "string", 5000);
    const message = await count();
    renameSync(`${file}.away`, file + end);
    await waitUntil(async () => typeof (await count()) === "number", 5000);

    const reason = `session store "${file}": "${file}${end}" was deleted or moved while akproxy had it open; put the file back, or restart akproxy to use what is there now`;
    expect(message).toBe(reason);
    expect(log.lines).toEqual([
      `error session store is not ready ${JSON.stringify({ reason })}`,
      "info session store is ready again {}",
    ]);
    expect(() => rows.takeChanges()).not.toThrow();
    await rows.close();
  },
);

test("a file that is replaced under the store is noticed within 5 s, and no session of it is valid meanwhile", async () => {
  const file = newFile();
  const store = await open(file);
  await store.create(sessionOf());
  await store.get(idOf("one"));
  const other = newFile();
  const replacement = await open(other);
  await replacement.close();

  renameSync(other, file);
  const get = async () => await store.get(idOf("one"));
  await waitUntil(async () => (await get().catch((thrown: unknown) => thrown)) instanceof Error, 5000);

  expect(await get().catch((thrown: unknown) => String(thrown))).toContain(
    `"${file}" was replaced while akproxy had it open`,
  );
  await store.close();
});

/** A file system of 1 MiB; only root can mount one. */
function smallDisk(): string {
  const disk = join(root, "disk");
  mkdirSync(disk);
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  if (mounted.exitCode !== 0) throw new Error(mounted.stderr.toString());
  return disk;
}

if (process.getuid?.() !== 0) isLeftOut("SQLite on a full disk", "only root can mount a small file system");
else {
  test("decision 58: on a full disk reads go on and writes fail by cause; with room again the store takes sessions", async () => {
    const disk = smallDisk();
    try {
      const store = await open(join(disk, "state", "sessions.sqlite"));
      await store.create(sessionOf());
      fill(join(disk, "filler"));

      const failed = await filledBy(store);
      const [count, probe] = [await store.count(), await store.probe().catch((thrown: unknown) => thrown)];
      rmSync(join(disk, "filler"));
      await store.probe();

      expect(failed).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("disk is full") });
      expect(probe).toMatchObject({ code: "store_unavailable" });
      expect(count).toBeGreaterThan(0);
      expect(await store.get(idOf("one"))).toEqual(sessionOf());
      await store.close();
    } finally {
      Bun.spawnSync(["umount", disk]);
    }
  });
}

function fill(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  } catch {
    closeSync(fd); //                               no room is left
  }
}

/** Creates sessions until one fails. */
async function filledBy(store: Awaited<ReturnType<typeof open>>): Promise<unknown> {
  for (let n = 0; n < 1000; n++) {
    try {
      await store.create(sessionOf({ id: idOf(`n-${n}-`) }));
    } catch (thrown) {
      return thrown;
    }
  }
  return null;
}
