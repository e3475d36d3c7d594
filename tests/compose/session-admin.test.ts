import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { administerSessions, viewSessions } from "../../src/compose/session-admin.ts";
import { seeSessions } from "../../src/compose/session-reader.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import { sessionOf } from "../contract/session-store.ts";
import { configOf, surroundingsOf, testFolder } from "./composed.ts";

const root = testFolder();
afterAll(() => rmSync(root, { recursive: true }));

const secret = "a secret of more than thirty-two characters";
const world = { now: () => 1000, randomBytes: surroundingsOf().randomBytes };
const folder = () => mkdtempSync(join(root, "state-"));
const sqlite = 'store = "sqlite"';
const looks = [
  ["view", viewSessions],
  ["administer", administerSessions],
] as const;

/** A store of one session, which no process has open. */
async function madeStore(stateDir: string): Promise<void> {
  const made = await openSessions(
    { kind: "sqlite", file: join(stateDir, "sessions.sqlite") },
    { ...world, keys: openKeys([secret]) },
  );
  await made.create(sessionOf());
  await made.close();
}

test.each(looks)("%s: sessions in memory are in the running process", async (_name, look) => {
  expect(await look(await configOf({ stateDir: folder() }), world)).toEqual({ kind: "in_process" });
});

test.each(looks)("%s: a store that was never made is not made now", async (_name, look) => {
  const stateDir = folder();

  const opened = await look(await configOf({ stateDir, sessions: sqlite }), world);

  expect(opened).toEqual({ kind: "never_made", file: join(stateDir, "sessions.sqlite") });
  expect(readdirSync(stateDir)).toEqual([]);
});

test.each(looks)("%s: a store without its secret is not opened, and no secret is made", async (_name, look) => {
  const stateDir = folder();
  await madeStore(stateDir);

  const opened = await look(await configOf({ stateDir, sessions: sqlite }), world);

  expect(opened).toEqual({ kind: "no_secret", path: join(stateDir, "secret.key") });
  expect(readdirSync(stateDir)).toEqual(["sessions.sqlite"]);
});

test.each(looks)("%s: a store that does not answer is unusable, with exit code 74", async (_name, look) => {
  const config = await configOf({
    stateDir: folder(),
    sessions: 'store = "redis://127.0.0.1:1"',
    more: `[outpost]\nsecret = "${secret}"`,
  });

  expect(await look(config, world)).toMatchObject({ kind: "unusable", exitCode: 74 });
});

test.each(looks)("%s: the sessions of a store, and the warning of its secret", async (_name, look) => {
  const stateDir = folder();
  await madeStore(stateDir);
  writeFileSync(join(stateDir, "secret.key"), `${secret}\n`, { mode: 0o644 });

  const opened = await look(await configOf({ stateDir, sessions: sqlite }), world);

  if (opened.kind !== "open") throw new Error(opened.kind);
  expect((await opened.sessions.list({ username: null })).map(({ username }) => username)).toEqual(["alice"]);
  expect(opened.warnings).toEqual([`secret "${stateDir}/secret.key" can be read by other users; run chmod 600 on it`]);
  await opened.sessions.close();
});

test("a reader of sessions in memory has the keys and no store", async () => {
  const config = await configOf({ stateDir: folder(), more: `[outpost]\nsecret = "${secret}"` });

  expect(await seeSessions(config, world)).toMatchObject({ kind: "seen", reader: null, secretCount: 1 });
});
