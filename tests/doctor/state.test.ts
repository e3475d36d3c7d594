import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateSection } from "../../src/doctor/state.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { sessionOf } from "../contract/session-store.ts";
import { byName, checkedWorld, type Wishes, worldOf } from "./checks.ts";

const { configOf, end, root } = checkedWorld();
afterAll(end);

async function checksOf(wishes: Wishes) {
  return byName((await stateSection(await configOf(wishes), worldOf())).checks);
}

test("a secret that others may read is a warning with the command to correct it", async () => {
  const folder = mkdtempSync(join(root, "open-"));
  writeFileSync(join(folder, "secret.key"), "a secret of more than thirty-two characters\n", { mode: 0o644 });

  const open = await checksOf({ top: `state_dir = "${folder}"` });
  chmodSync(join(folder, "secret.key"), 0o600);
  const closed = await checksOf({ top: `state_dir = "${folder}"` });

  expect(open["secret"]).toMatchObject({ standing: "warn", fix: `run: chmod 600 ${join(folder, "secret.key")}` });
  expect(closed["secret"]?.standing).toBe("ok");
});

test("a state directory that is a symbolic link, or that everybody may write to, is a failure", async () => {
  const [real, link, wide] = [join(root, "real"), join(root, "link"), join(root, "wide")];
  mkdirSync(real);
  symlinkSync(real, link);
  mkdirSync(wide);
  chmodSync(wide, 0o777);

  const linked = await checksOf({ top: `state_dir = "${link}"` });
  const writable = await checksOf({ top: `state_dir = "${wide}"` });

  expect(linked["state_dir"]?.text).toContain("is a symbolic link");
  expect(writable["state_dir"]?.text).toContain("is writable by everybody");
});

test("a store that no process has open is left as it is", async () => {
  const folder = mkdtempSync(join(root, "closed-"));
  const keys = openKeys(["a secret of more than thirty-two characters"]);
  const deps = {
    keys,
    now: () => 1000,
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  };
  const made = await openSessions({ kind: "sqlite", file: join(folder, "sessions.sqlite") }, deps);
  await made.create(sessionOf());
  await made.close();

  const { store } = await checksOf({ top: `state_dir = "${folder}"` });

  expect(store).toMatchObject({ standing: "ok", text: `${join(folder, "sessions.sqlite")}, not in use` });
  expect(readdirSync(folder)).toEqual(["sessions.sqlite"]);
});

test("a store that is not a database is a failure that names the file", async () => {
  const folder = mkdtempSync(join(root, "store-"));
  writeFileSync(
    join(folder, "sessions.sqlite"),
    "no database, and longer than a page's header of a hundred bytes ".repeat(4),
  );

  const { store } = await checksOf({ top: `state_dir = "${folder}"` });

  expect(store?.standing).toBe("fail");
  expect(store?.text).toContain(join(folder, "sessions.sqlite"));
});

test("nothing has to exist before the first start, and the check makes nothing", async () => {
  const folder = join(mkdtempSync(join(root, "new-")), "state");

  const checks = await checksOf({ top: `state_dir = "${folder}"` });

  expect(checks["state_dir"]).toMatchObject({ standing: "ok", text: `${folder} does not exist yet: akproxy makes it` });
  expect(checks["secret"]).toMatchObject({ standing: "ok", text: "does not exist yet: akproxy makes it" });
  expect(checks["store"]).toMatchObject({
    standing: "ok",
    text: `${folder}/sessions.sqlite does not exist yet: akproxy makes it`,
  });
  expect(await Bun.file(folder).exists()).toBe(false);
});

test("a store that a process has open answers, and its sessions stay", async () => {
  const folder = mkdtempSync(join(root, "open-"));
  const keys = openKeys(["a secret of more than thirty-two characters"]);
  const deps = { keys, now: () => 1000, randomBytes: worldOf().randomBytes };
  const opened = await openSessions({ kind: "sqlite", file: join(folder, "sessions.sqlite") }, deps);
  await opened.create(sessionOf());

  const { store } = await checksOf({ top: `state_dir = "${folder}"` });
  const kept = await opened.list({ username: null });
  await opened.close();

  expect(store).toMatchObject({ standing: "ok", text: `${join(folder, "sessions.sqlite")} answers` });
  expect(kept).toHaveLength(1);
});

test("a directory in the place of the store is a failure", async () => {
  const folder = mkdtempSync(join(root, "folder-"));
  mkdirSync(join(folder, "sessions.sqlite"));

  const { store } = await checksOf({ top: `state_dir = "${folder}"` });

  expect(store).toMatchObject({ standing: "fail", text: `${join(folder, "sessions.sqlite")} is not a file` });
});

test("sessions in memory are fine, and end with a restart", async () => {
  const { store } = await checksOf({ more: '[sessions]\nstore = "memory"' });

  expect(store).toMatchObject({ standing: "ok", text: "memory: a restart ends every session" });
});

test("a shared store that does not answer is a failure that names it", async () => {
  const { store } = await checksOf({ more: '[sessions]\nstore = "redis://127.0.0.1:1"' });

  expect(store).toMatchObject({
    standing: "fail",
    fix: "correct the store, or [sessions] store: akproxy does not start without its store",
  });
  expect(store?.text).toContain("127.0.0.1:1");
});

test.each([
  ['"a secret of more than thirty-two characters"', "from the config"],
  ['["a secret of more than thirty-two characters", "another secret of thirty-two characters"]', "2 in the config"],
])("LEAK-08: secrets of the config are counted and not shown: %s", async (secret, text) => {
  const checks = await checksOf({ more: `[outpost]\nsecret = ${secret}` });

  expect(checks["secret"]).toMatchObject({ standing: "ok", text });
  expect(JSON.stringify(checks)).not.toContain("thirty-two");
});

test("a secret file that is too short to be one is a failure", async () => {
  const folder = mkdtempSync(join(root, "short-"));
  writeFileSync(join(folder, "secret.key"), "short\n", { mode: 0o600 });

  const { secret } = await checksOf({ top: `state_dir = "${folder}"` });

  expect(secret).toMatchObject({
    standing: "fail",
    fix: "run doctor as akproxy's user: without the secret akproxy can open no session",
  });
});
