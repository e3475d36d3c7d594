import { accessSync, closeSync, constants, existsSync, lstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config, SessionsConfig } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import { openKeys } from "../seal/keys.ts";
import { randomToken } from "../seal/random-token.ts";
import { openSessionReader, openSessions } from "../sessions/open.ts";
import { directoryFault, isLinkOfRoots } from "../sessions/private-directory.ts";
import { readSecrets, secretPath } from "../sessions/secret-file.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, warn, within } from "./check.ts";

/** Can the state directory, the store and the secret be used by the user who asks? Leaves nothing behind. */
export async function stateSection(config: Config, world: DoctorWorld): Promise<Section> {
  const secret = secretCheck(config);
  return {
    title: "state",
    checks: [
      directoryCheck("state_dir", config.stateDir),
      secret,
      await within(world, "store", storeCheck(config.sessions, config, world)),
    ],
  };
}

function directoryCheck(name: string, directory: string): Check {
  const us = process.getuid?.() ?? 0;
  if (!existsSync(directory)) {
    const parent = standingParent(directory);
    return isWritable(parent)
      ? ok(name, `${directory} will be made at the first start`)
      : fail(name, `${directory} cannot be made in ${parent}`, `run: install -d -m 700 -o USER ${directory}`);
  }
  const found = lstatSync(directory);
  const isLink = isLinkOfRoots(found, us);
  const fault = us === 0 && found.uid !== 0 ? null : directoryFault(isLink ? statSync(directory) : found, us);
  if (fault !== null) return fail(name, `${directory} ${fault}`, "correct it, or name another in state_dir");
  if (!isWritable(directory))
    return fail(name, `${directory} is not writable by user ${us}`, "run doctor as akproxy's user, or chown it");
  return us === 0 && found.uid !== 0
    ? ok(name, `${directory}, of user ${found.uid}; asked as root`)
    : ok(name, directory);
}

function secretCheck({ secrets, stateDir }: Config): Check {
  if (secrets !== null)
    return ok("secret", secrets.length === 1 ? "from the config" : `${secrets.length} in the config`);
  try {
    const found = readSecrets(null, stateDir);
    if (found === null) return ok("secret", "will be made at the first start");
    const path = secretPath(stateDir);
    return found.warnings.length === 0
      ? ok("secret", `${path}, mode ${(statSync(path).mode & 0o777).toString(8).padStart(4, "0")}`)
      : warn("secret", `${path} is open to other users`, `run: chmod 600 ${path}`);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail("secret", thrown.message, "run doctor as akproxy's user; without it no session can be opened");
  }
}

async function storeCheck(sessions: SessionsConfig, config: Config, world: DoctorWorld): Promise<Check> {
  switch (sessions.kind) {
    case "memory":
      return ok("store", "memory: a restart ends every session");
    case "sqlite":
      return fileStoreCheck(sessions, config, world);
    case "redis":
    case "postgres":
      return serverStoreCheck(sessions, config, world);
  }
}

/**
 * Read by SQLite itself where somebody has it open. Else its header alone is: SQLite would leave -wal and -shm beside it, since who only
 * reads can't remove them (sqlite.org/wal.html, section 3).
 */
async function fileStoreCheck(
  sessions: Extract<SessionsConfig, { kind: "sqlite" }>,
  config: Config,
  world: DoctorWorld,
): Promise<Check> {
  const { file } = sessions;
  const directory = dirname(file);
  if (!existsSync(file)) {
    return isWritable(standingParent(directory))
      ? ok("store", `${file} will be made at the first start`)
      : fail("store", `${file} can be neither read nor made`, `give akproxy's user write access to ${directory}`);
  }
  if (!statSync(file).isFile()) return fail("store", `${file} is not a file`, "name another in [sessions] store");
  const locked = [file, directory].find((path) => !isWritable(path));
  if (locked !== undefined) {
    return fail("store", `${locked} is not writable by this user`, "run doctor as akproxy's user, or chown it");
  }
  if (!existsSync(`${file}-wal`)) {
    return isDatabase(file)
      ? ok("store", `${file}, not in use`)
      : fail("store", `${file} is no SQLite database`, "move it away, or name another in [sessions] store");
  }
  return looked(file, async () => {
    const reader = await openSessionReader(sessions, { ...world, keys: keysOf(config, world) });
    await reader?.look(randomToken(world.randomBytes));
    await reader?.close();
  });
}

function isDatabase(file: string): boolean {
  const header = Buffer.alloc(16);
  const descriptor = openSync(file, constants.O_RDONLY);
  try {
    readSync(descriptor, header, 0, header.length, 0);
    return header.toString("latin1") === "SQLite format 3\0"; // sqlite.org/fileformat.html, section 1.3
  } finally {
    closeSync(descriptor);
  }
}

/** A deletion of what is not there needs the right to write, and changes nothing. */
async function serverStoreCheck(
  sessions: Extract<SessionsConfig, { kind: "redis" | "postgres" }>,
  config: Config,
  world: DoctorWorld,
): Promise<Check> {
  return looked(sessions.place, async () => {
    const store = await openSessions(sessions, { ...world, keys: keysOf(config, world) });
    try {
      await store.delete(randomToken(world.randomBytes));
    } finally {
      await store.close();
    }
  });
}

async function looked(place: string, look: () => Promise<void>): Promise<Check> {
  try {
    await look();
    return ok("store", `${place} answers`);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail("store", thrown.message, "akproxy does not start without its store: correct it, or [sessions] store");
  }
}

/** Which ones does not matter: what is looked for is not there. */
function keysOf({ secrets }: Config, { randomBytes }: DoctorWorld) {
  return openKeys(secrets ?? [randomToken(randomBytes)]);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; //                               for whatever reason: it is said that it is not
  }
}

function standingParent(path: string): string {
  return existsSync(path) ? path : standingParent(dirname(path));
}
