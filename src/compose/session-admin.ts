import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import type { SessionStore } from "../ports/session-store.ts";
import { openKeys } from "../seal/keys.ts";
import { openSessions } from "../sessions/open.ts";
import { readSecrets, secretPath } from "../sessions/secret-file.ts";
import { storeExitCode } from "../sessions/store-failure.ts";
import { type SessionsSeen, seeSessions } from "./session-reader.ts";

/** Sessions to list. */
export type ListedSessions = Pick<SessionStore, "list" | "close">;

/** Sessions to list and end. A session that ends here ends on every running instance. */
export type EndableSessions = Pick<SessionStore, "list" | "deleteByHandle" | "announceAll" | "close">;

/** The store of a config, opened for the operator, or the reason it cannot be opened. */
export type SessionsOpened<Sessions> =
  | { readonly kind: "open"; readonly sessions: Sessions; readonly warnings: readonly string[] }
  | SessionsNotOpened;

export type SessionsNotOpened =
  | { readonly kind: "in_process" } //             in the memory of a running akproxy, which no other process can reach
  | { readonly kind: "never_made"; readonly file: string } // the file does not exist: no session yet
  | { readonly kind: "of_another_user"; readonly directory: string; readonly uid: number }
  | Exclude<SessionsSeen, { readonly kind: "seen" }>;

type World = Parameters<typeof seeSessions>[1];

/** Opens the store to list its sessions. Creates nothing on disk. Does not throw for files that are missing or unusable. */
export async function viewSessions(config: Config, world: World): Promise<SessionsOpened<ListedSessions>> {
  const absent = nothingToOpen(config);
  if (absent !== null) return absent;
  const seen = await seeSessions(config, world);
  if (seen.kind !== "seen") return seen;
  const { reader, warnings } = seen;
  return reader === null ? { kind: "in_process" } : { kind: "open", sessions: reader, warnings };
}

/** Opens an existing store to end sessions in it. Creates nothing on disk. Does not throw for files that are missing or unusable. */
export async function administerSessions(config: Config, world: World): Promise<SessionsOpened<EndableSessions>> {
  const absent = nothingToOpen(config) ?? foreignStore(config);
  if (absent !== null) return absent;
  try {
    const found = readSecrets(config.secrets, config.stateDir);
    if (found === null) return { kind: "no_secret", path: secretPath(config.stateDir) };
    const sessions = await openSessions(config.sessions, { ...world, keys: openKeys(found.secrets) });
    return { kind: "open", sessions, warnings: found.warnings };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { kind: "unusable", message: thrown.message, exitCode: storeExitCode(thrown) };
  }
}

function nothingToOpen({ sessions }: Config): SessionsNotOpened | null {
  if (sessions.kind === "memory") return { kind: "in_process" };
  if (sessions.kind !== "sqlite") return null;
  try {
    statSync(sessions.file);
    return null;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    if (code === "ENOENT") return { kind: "never_made", file: sessions.file };
    // without permission to enter the directory nobody knows whether the file exists
    const message = `session store "${sessions.file}": ${code}`;
    return { kind: "unusable", message, exitCode: storeExitCode(thrown) };
  }
}

/** Root could open the file, but the store refuses the directory of another user. This reports it with the user to run as. */
function foreignStore({ sessions }: Config): SessionsNotOpened | null {
  if (sessions.kind !== "sqlite" || process.getuid?.() !== 0) return null;
  const directory = dirname(sessions.file);
  const { uid } = statSync(directory);
  return uid === 0 ? null : { kind: "of_another_user", directory, uid };
}
