import { accessSync, closeSync, constants, existsSync, lstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Config, isSharedStore, type SessionsConfig, type SharedStore } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import { openKeys } from "../seal/keys.ts";
import { randomToken } from "../seal/random-token.ts";
import { openSessionReader, openSessions } from "../sessions/open.ts";
import { directoryFault, isLinkOfRoots } from "../sessions/private-directory.ts";
import { readSecrets, secretPath } from "../sessions/secret-file.ts";
import { type Check, type DoctorWorld, fail, ok, type Section, unknown, warn, within } from "./check.ts";

/** Whether this user can use the state directory, the secret and the store. Creates no file. */
export async function stateSection(config: Config, world: DoctorWorld): Promise<Section> {
  const secret = secretCheck(config);
  return {
    title: "state",
    checks: [
      directoryCheck("state_dir", config.stateDir),
      secret,
      await within(world, "store", storeCheck(config.sessions, config, world)),
      ...(config.sessions.kind === "redis"
        ? [await within(world, evictionName, evictionCheck(config.sessions, config, world))]
        : []),
    ],
  };
}

function directoryCheck(name: string, directory: string): Check {
  const us = process.getuid?.() ?? 0;
  if (!existsSync(directory)) {
    const parent = standingParent(directory);
    return isWritable(parent)
      ? ok(name, `${directory} does not exist yet: akproxy makes it`)
      : fail(name, `this user cannot make ${directory} in ${parent}`, `run: install -d -m 700 -o USER ${directory}`);
  }
  const found = lstatSync(directory);
  const isLink = isLinkOfRoots(found, us);
  const fault = us === 0 && found.uid !== 0 ? null : directoryFault(isLink ? statSync(directory) : found, us);
  if (fault !== null) return fail(name, `${directory} ${fault}`, "correct it, or set state_dir to another directory");
  if (!isWritable(directory))
    return fail(
      name,
      `user ${us} cannot write to ${directory}`,
      "run doctor as akproxy's user, or chown the directory",
    );
  return us === 0 && found.uid !== 0
    ? ok(name, `${directory}, owned by user ${found.uid}; doctor runs as root`)
    : ok(name, directory);
}

function secretCheck({ secrets, stateDir }: Config): Check {
  if (secrets !== null)
    return ok("secret", secrets.length === 1 ? "from the config" : `${secrets.length} in the config`);
  try {
    const found = readSecrets(null, stateDir);
    if (found === null) return ok("secret", "does not exist yet: akproxy makes it");
    const path = secretPath(stateDir);
    return found.warnings.length === 0
      ? ok("secret", `${path}, mode ${(statSync(path).mode & 0o777).toString(8).padStart(4, "0")}`)
      : warn("secret", `other users can read ${path}`, `run: chmod 600 ${path}`);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail(
      "secret",
      thrown.message,
      "run doctor as akproxy's user: without the secret akproxy can open no session",
    );
  }
}

async function storeCheck(sessions: SessionsConfig, config: Config, world: DoctorWorld): Promise<Check> {
  if (isSharedStore(sessions)) return serverStoreCheck(sessions, config, world);
  switch (sessions.kind) {
    case "memory":
      return ok("store", "memory: a restart ends every session");
    case "sqlite":
      return fileStoreCheck(sessions, config, world);
  }
}

/**
 * Opens the file with SQLite only while another process has it open. Otherwise it reads the file's header: SQLite would create -wal and
 * -shm, and a read-only connection cannot remove them (sqlite.org/wal.html, section 3).
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
      ? ok("store", `${file} does not exist yet: akproxy makes it`)
      : fail(
          "store",
          `this user can neither read nor make ${file}`,
          `give akproxy's user write access to ${directory}`,
        );
  }
  if (!statSync(file).isFile())
    return fail("store", `${file} is not a file`, "move it away: akproxy keeps its sessions there");
  const locked = [file, directory].find((path) => !isWritable(path));
  if (locked !== undefined) {
    return fail("store", `this user cannot write to ${locked}`, "run doctor as akproxy's user, or chown it");
  }
  if (!existsSync(`${file}-wal`)) {
    return isDatabase(file)
      ? ok("store", `${file}, not in use`)
      : fail("store", `${file} is not a SQLite database`, "move it away, and akproxy makes a new one");
  }
  return looked(`${file} answers`, async () => {
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

/** Writes and deletes a row: a store that only answers reads cannot take a login. */
async function serverStoreCheck(sessions: SharedStore, config: Config, world: DoctorWorld): Promise<Check> {
  return looked(`${sessions.place} takes sessions`, () => opened(sessions, config, world, (store) => store.probe()));
}

const evictionName = "store eviction";

/** Whether Redis may drop sessions before they end. */
async function evictionCheck(sessions: SharedStore, config: Config, world: DoctorWorld): Promise<Check> {
  const fix = "set maxmemory-policy noeviction, or give akproxy its own Redis";
  let policy: string | null;
  try {
    policy = await opened(sessions, config, world, (store) => store.evictionPolicy());
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return unknown(evictionName, "the store cannot be opened"); // the check before it says why
  }
  if (policy === null)
    return unknown(evictionName, "this user may run neither CONFIG GET nor INFO", `${fix}; check it there`);
  return policy === "noeviction"
    ? ok(evictionName, "maxmemory-policy is noeviction")
    : warn(evictionName, `maxmemory-policy is ${policy}: Redis may drop sessions before they end`, fix);
}

async function opened<Result>(
  sessions: SharedStore,
  config: Config,
  world: DoctorWorld,
  use: (store: Awaited<ReturnType<typeof openSessions>>) => Promise<Result>,
): Promise<Result> {
  const store = await openSessions(sessions, { ...world, keys: keysOf(config, world) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function looked(success: string, look: () => Promise<void>): Promise<Check> {
  try {
    await look();
    return ok("store", success);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return fail(
      "store",
      thrown.message,
      "correct the store, or [sessions] store: akproxy does not start without its store",
    );
  }
}

/** Any keys will do: the session that doctor looks for does not exist. */
function keysOf({ secrets }: Config, { randomBytes }: DoctorWorld) {
  return openKeys(secrets ?? [randomToken(randomBytes)]);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; //                               the caller reports it, whatever the reason
  }
}

function standingParent(path: string): string {
  return existsSync(path) ? path : standingParent(dirname(path));
}
