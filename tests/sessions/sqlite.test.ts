import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessionReader, openSessions } from "../../src/sessions/open.ts";
import { sessionStatements } from "../../src/sessions/sqlite.ts";
import { storeExitCode } from "../../src/sessions/store-failure.ts";
import { idOf, sessionOf, sessionStoreContract } from "../contract/session-store.ts";

const root = mkdtempSync(join(tmpdir(), "akproxy-sqlite-"));
afterAll(() => rmSync(root, { recursive: true }));

const secret = "a secret of the outpost, long enough";
const now = () => 1000;
const deps = { keys: openKeys([secret]), now, randomBytes };

let made = 0;
function newFile(): string {
  made += 1;
  return join(root, `store-${made}`, "sessions.sqlite");
}

function open(file: string, secrets: readonly string[] = [secret]) {
  return openSessions({ kind: "sqlite", file }, { keys: openKeys(secrets), now, randomBytes });
}

async function thrownBy(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (thrown) {
    return thrown;
  }
  return null;
}

sessionStoreContract("sqlite", (given) => openSessions({ kind: "sqlite", file: newFile() }, { ...deps, ...given }));

test("SES-10: sessions survive closing and opening the store again", async () => {
  const file = newFile();
  const before = await open(file);
  await before.create(sessionOf());
  await before.close();
  expect(readdirSync(join(file, ".."))).toEqual(["sessions.sqlite"]);

  const after = await open(file);

  expect(await after.get(idOf("one"))).toEqual(sessionOf());
  await after.close();
});

test("a sign-out in one process takes effect in another that has the file open", async () => {
  const file = newFile();
  const here = await open(file);
  const there = await open(file);
  await here.create(sessionOf());
  expect(await there.get(idOf("one"))).not.toBeNull();

  await here.deleteBySubject("https://idp.test/", "alice-sub");
  await new Promise((resolve) => setImmediate(resolve)); // another process does not share our turn of the event loop

  expect(await there.get(idOf("one"))).toBeNull();
  await here.close();
  await there.close();
});

test("SES-12: with a new secret in front old sessions stay valid and can be signed out; with the new secret alone there are none, and no error", async () => {
  const file = newFile();
  const newSecret = "another secret, as long as the first";
  const before = await open(file);
  await before.create(sessionOf({ id: idOf("one") }));
  await before.create(sessionOf({ id: idOf("two"), subject: "bob-sub" }));
  await before.close();

  const alone = await open(file, [newSecret]);
  expect(await alone.get(idOf("one"))).toBeNull();
  expect(await alone.deleteBySubject("https://idp.test/", "alice-sub")).toBe(0);
  await alone.close();

  const rotated = await open(file, [newSecret, secret]);
  expect(await rotated.get(idOf("one"))).toEqual(sessionOf());
  await rotated.create(sessionOf({ id: idOf("three") }));
  expect(await rotated.deleteBySubject("https://idp.test/", "alice-sub")).toBe(2);
  expect(await rotated.get(idOf("two"))).not.toBeNull();
  await rotated.close();
});

test("SES-03, SES-04: the store's files contain no id, token, name or subject", async () => {
  const file = newFile();
  const store = await open(file);
  const id = randomBytes(32).toString("base64url");
  const token = "canary-of-the-token";
  await store.create(
    sessionOf({ id, rawToken: token, subject: "canary-of-the-subject", idpSession: "canary-of-the-sid" }),
  );
  await store.touch(id, 1001);

  const files = readdirSync(join(file, ".."));
  const bytes = files.map((name) => readFileSync(join(file, "..", name), "latin1")).join("");
  await store.close();

  expect(files.sort()).toEqual(["sessions.sqlite", "sessions.sqlite-shm", "sessions.sqlite-wal"]);
  expect(bytes).toContain("sessions_by_subject");
  for (const canary of [id, Buffer.from(id, "base64url").toString("latin1"), token, "canary", "alice", "idp.test"]) {
    expect(bytes).not.toContain(canary);
  }
});

test("SES-04: 1000 sessions are sealed with 2000 different nonces", async () => {
  const file = newFile();
  const store = await open(file);
  for (let n = 0; n < 1000; n++) await store.create(sessionOf({ id: idOf(`n-${n}-`) }));
  await store.close();

  const database = new Database(file, { readonly: true });
  const rows = database
    .query<{ summary: Uint8Array; body: Uint8Array }, []>("SELECT summary, body FROM sessions")
    .all();
  database.close();

  const nonces = rows.flatMap((row) =>
    [row.summary, row.body].map((blob) => Buffer.from(blob.subarray(1, 13)).toString("hex")),
  );
  expect(rows.length).toBe(1000);
  expect(new Set(nonces).size).toBe(2000);
});

test("SES-12: a record that is of another version, truncated or swapped with another row's is not a session, and not an error", async () => {
  const file = newFile();
  const store = await open(file);
  for (const id of ["version", "cut", "empty", "swapped", "whole"]) await store.create(sessionOf({ id: idOf(id) }));
  const database = new Database(file);
  const keyOf = (id: string) => new Bun.CryptoHasher("sha256").update(idOf(id)).digest("base64url");
  const [other] = database
    .query<{ body: Uint8Array }, [string]>("SELECT body FROM sessions WHERE key = ?")
    .all(keyOf("whole"));
  database.run("UPDATE sessions SET body = CAST(unhex('09') || substr(body, 2) AS BLOB) WHERE key = ?", [
    keyOf("version"),
  ]);
  database.run("UPDATE sessions SET body = substr(body, 1, 20) WHERE key = ?", [keyOf("cut")]);
  database.run("UPDATE sessions SET body = x'' WHERE key = ?", [keyOf("empty")]);
  database.run("UPDATE sessions SET body = ? WHERE key = ?", [other?.body ?? new Uint8Array(), keyOf("swapped")]);
  const changed = database.query<{ n: number }, []>("SELECT total_changes() AS n").get()?.n;
  database.close();

  expect(changed).toBe(4);
  for (const id of ["version", "cut", "empty", "swapped"]) expect(await store.get(idOf(id))).toBeNull();
  expect(await store.get(idOf("whole"))).not.toBeNull();
  await store.close();
});

test("SES-08: a later limit written into the database does not lengthen a session", async () => {
  const file = newFile();
  const store = await openSessions({ kind: "sqlite", file }, { ...deps, now: () => 5000 });
  await store.create(sessionOf());
  const database = new Database(file);
  database.run("UPDATE sessions SET expires_at = 9999999999, last_seen_at = 9999999999");
  database.close();

  expect(await store.get(idOf("one"))).toBeNull();
  await store.close();
});

test("a file of schema 1 is migrated once, and its sessions stay valid and can be updated", async () => {
  const file = newFile();
  const before = await open(file);
  await before.create(sessionOf());
  await before.close();
  const database = new Database(file);
  database.run("ALTER TABLE sessions DROP COLUMN version");
  database.run("ALTER TABLE sessions DROP COLUMN leased_until");
  database.run("PRAGMA user_version = 1");
  database.close();
  const reader = await openSessionReader({ kind: "sqlite", file }, deps);
  const looked = await reader?.look(idOf("one"));
  await reader?.close();

  const [after, beside] = [await open(file), await open(file)];

  expect(looked).toEqual({ kind: "live", session: sessionOf() });
  expect(await after.get(idOf("one"))).toEqual(sessionOf());
  expect(await after.update({ ...sessionOf(), version: 2 })).toBe(true);
  expect(await beside.lease(idOf("one"), 10)).toBe(true);
  await after.close();
  await beside.close();
});

test("DOS-06: every statement but the insert is a search by an index, never a scan of the sessions", async () => {
  const file = newFile();
  await (await open(file)).close();
  const database = new Database(file);
  const { insert, ...searching } = sessionStatements;

  const plans = Object.entries(searching).map(([name, sql]) => {
    const unnumbered = sql.match(/\?(?!\d)/g) ?? [];
    const count = unnumbered.length + new Set(sql.match(/\?\d/g)).size;
    const steps = database.query<{ detail: string }, (string | number)[]>(`EXPLAIN QUERY PLAN ${sql}`);
    return [
      name,
      steps
        .all(...Array.from({ length: count }, () => "[]"))
        .map((step) => step.detail)
        .join("; "),
    ];
  });
  database.close();

  const indexOf = (plan: string | undefined) =>
    /^SEARCH sessions USING (?:COVERING )?INDEX (\w+ \(.+?\))/.exec(plan ?? "")?.[1];

  expect(insert).toStartWith("INSERT INTO sessions");
  expect(new Map(plans.map(([name, plan]) => [name, plan])).get("removeEnded")).toContain(
    "SEARCH sessions USING INDEX sessions_by_end (ends_at<?)",
  );
  expect(plans.filter(([, plan]) => plan?.includes("SCAN sessions"))).toEqual([]);
  expect(plans.map(([name, plan]) => [name, indexOf(plan)])).toEqual([
    ["find", "sqlite_autoindex_sessions_1 (key=?)"],
    ["touch", "sqlite_autoindex_sessions_1 (key=?)"],
    ["replace", "sqlite_autoindex_sessions_1 (key=?)"],
    ["lease", "sqlite_autoindex_sessions_1 (key=?)"],
    ["trim", "sqlite_autoindex_sessions_1 (key=?)"],
    ["remove", "sqlite_autoindex_sessions_1 (key=?)"],
    ["removeByPrefix", "sqlite_autoindex_sessions_1 (key>? AND key<?)"],
    ["removeBySubject", "sessions_by_subject (subject_key=?)"],
    ["removeByIdpSession", "sessions_by_idp_session (idp_session_key=?)"],
    ["removeEnded", "sqlite_autoindex_sessions_1 (key=?)"],
    ["count", "sessions_by_end (ends_at>?)"],
    ["page", "sqlite_autoindex_sessions_1 (key>?)"],
  ]);
});

test("SES-11: with umask 000 the directory is made 0700 and the files 0600", async () => {
  const file = newFile();
  const umask = process.umask(0);
  const store = await open(file);
  await store.create(sessionOf());
  process.umask(umask);

  const modes = ["", "-wal", "-shm"].map((end) => (statSync(file + end).mode & 0o777).toString(8));
  expect((statSync(join(file, "..")).mode & 0o777).toString(8)).toBe("700");
  expect(modes).toEqual(["600", "600", "600"]);
  await store.close();
});

test("SES-11: a file that others could read gets mode 0600", async () => {
  const file = newFile();
  mkdirSync(join(file, ".."));
  writeFileSync(file, "", { mode: 0o644 });

  await (await open(file)).close();

  expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
});

test("SES-11: a symbolic link as the directory or the file, and a world-writable directory, are refused by name, with 77", async () => {
  const target = join(root, "target");
  mkdirSync(target);
  symlinkSync(target, join(root, "linked"));
  writeFileSync(join(target, "real.sqlite"), "");
  symlinkSync(join(target, "real.sqlite"), join(target, "link.sqlite"));
  mkdirSync(join(root, "open"));
  chmodSync(join(root, "open"), 0o777);

  const linked = await thrownBy(() => open(join(root, "linked", "sessions.sqlite")));
  const link = await thrownBy(() => open(join(target, "link.sqlite")));
  const everybody = await thrownBy(() => open(join(root, "open", "sessions.sqlite")));

  expect(linked).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(`"${join(root, "linked")}" is a symbolic link`),
  });
  expect(link).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(`link.sqlite" is a symbolic link`),
  });
  expect(everybody).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining(`"${join(root, "open")}" is writable by everybody`),
  });
  expect([linked, link, everybody].map(storeExitCode)).toEqual([77, 77, 77]);
  expect(readFileSync(join(target, "real.sqlite"), "utf8")).toBe("");
});

test("a store that cannot be opened is a Failure that names its path, with 74", async () => {
  writeFileSync(join(root, "a-file"), "");
  mkdirSync(join(root, "dir", "sessions.sqlite"), { recursive: true });
  writeFileSync(
    join(root, "garbage.sqlite"),
    "this is not a database, and it is long enough to be looked at as one".repeat(20),
  );
  const files = [
    join(root, "a-file", "sessions.sqlite"),
    join(root, "dir", "sessions.sqlite"),
    join(root, "garbage.sqlite"),
  ];

  for (const file of files) {
    const thrown = await thrownBy(() => open(file));

    expect(thrown).toMatchObject({ code: "store_unavailable", message: expect.stringContaining(join(file, "..")) });
    expect(storeExitCode(thrown)).toBe(74);
  }
});

test("a database of another program, or of a newer akproxy, is refused and left as it is", async () => {
  const foreign = join(root, "foreign.sqlite");
  const newer = join(root, "newer.sqlite");
  const theirs = new Database(foreign, { create: true });
  theirs.run("CREATE TABLE invoices (n)");
  theirs.close();
  const before = readFileSync(foreign);
  await (await open(newer)).close();
  const later = new Database(newer);
  later.run("PRAGMA user_version = 3");
  later.close();

  expect(await thrownBy(() => open(foreign))).toMatchObject({
    code: "store_unavailable",
    message: `session store "${foreign}" is a database of another program`,
  });
  expect(await thrownBy(() => open(newer))).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining("has schema 3, and this akproxy supports 2"),
  });
  expect(readFileSync(foreign)).toEqual(before);
});

test("the reader sees a running store's sessions, live, ended and unreadable, and makes no file where there is none", async () => {
  const file = newFile();
  expect(await openSessionReader({ kind: "sqlite", file }, deps)).toBeNull();
  expect(await openSessionReader({ kind: "memory" }, deps)).toBeNull();
  expect(existsSync(join(file, ".."))).toBe(false);
  const store = await open(file);
  await store.create(sessionOf({ id: idOf("one") }));
  await store.create(sessionOf({ id: idOf("ended"), expiresAt: 1000 }));
  const strangers = await open(file, ["another secret, as long as the first"]);
  await strangers.create(sessionOf({ id: idOf("strange") }));

  const reader = await openSessionReader({ kind: "sqlite", file }, deps);

  expect(await reader?.look(idOf("one"))).toEqual({ kind: "live", session: sessionOf() });
  expect((await reader?.look(idOf("ended")))?.kind).toBe("ended");
  expect(await reader?.look(idOf("strange"))).toEqual({ kind: "unreadable" });
  expect(await reader?.look(idOf("absent"))).toEqual({ kind: "absent" });
  await reader?.close();
  await store.close();
  await strangers.close();
});

test("storeExitCode: a permission error of the system is 77, at any depth of causes, everything else 74", () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });

  expect(storeExitCode(new Error("store", { cause: coded("EACCES") }))).toBe(77);
  expect(storeExitCode(new Error("a", { cause: new Error("b", { cause: coded("SQLITE_READONLY_DBMOVED") }) }))).toBe(
    77,
  );
  expect(storeExitCode(coded("EROFS"))).toBe(77);
  expect(storeExitCode(coded("ENOSPC"))).toBe(74);
  expect(storeExitCode(new Error("store", { cause: coded("SQLITE_CANTOPEN") }))).toBe(74);
  expect(storeExitCode(null)).toBe(74);
});

test("eight processes that make the store together all get the same one", async () => {
  const file = newFile();
  const script = `
    import { randomBytes } from "node:crypto";
    import { openKeys } from "./src/seal/keys.ts";
    import { openSessions } from "./src/sessions/open.ts";
    const deps = { keys: openKeys(["${secret}"]), now: () => 1000, randomBytes };
    const store = await openSessions({ kind: "sqlite", file: process.argv.at(-1) }, deps);
    await store.close();
  `;

  const exits = await Promise.all(
    Array.from({ length: 8 }, () => Bun.spawn([process.execPath, "-e", script, file], { stderr: "inherit" }).exited),
  );

  expect(exits).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(existsSync(file)).toBe(true);
});

test("processes that start together on a file that is not there yet all open it", async () => {
  const main = join(import.meta.dir, "../../src/sessions/sqlite.ts");
  const exits: number[] = [];

  for (let round = 0; round < 3; round += 1) {
    const at = Date.now() + 300;
    const code = `const { sqliteRows } = await import(${JSON.stringify(main)});
      while (Date.now() < ${at}) {}
      sqliteRows(${JSON.stringify(newFile())});`;
    const together = [1, 2, 3].map(() =>
      Bun.spawn([process.execPath, "-e", code], { stdout: "ignore", stderr: "inherit" }),
    );
    exits.push(...(await Promise.all(together.map(({ exited }) => exited))));
  }

  expect(exits).toEqual(Array.from({ length: 9 }, () => 0));
});
