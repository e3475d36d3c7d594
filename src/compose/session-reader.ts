import type { Config } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import type { SessionReader } from "../ports/session-store.ts";
import { type Keys, openKeys } from "../seal/keys.ts";
import { openSessionReader } from "../sessions/open.ts";
import { readSecrets, secretPath } from "../sessions/secret-file.ts";
import { storeExitCode } from "../sessions/store-failure.ts";

/** What a command needs to read the outpost's sessions. It creates nothing on disk. */
export type SessionsSeen =
  | {
      readonly kind: "seen";
      readonly keys: Keys;
      readonly secretCount: number;
      readonly reader: SessionReader | null; //    null: sessions are in another process's memory, or the file does not exist
      readonly warnings: readonly string[];
    }
  | { readonly kind: "no_secret"; readonly path: string }
  | { readonly kind: "unusable"; readonly message: string; readonly exitCode: 74 | 77 };

/** Reads the outpost's secrets and opens its store for reading. Does not throw for files that are missing or unusable. */
export async function seeSessions(
  config: Config,
  world: { readonly now: () => number; readonly randomBytes: (count: number) => Uint8Array },
): Promise<SessionsSeen> {
  try {
    const found = readSecrets(config.secrets, config.stateDir);
    if (found === null) return { kind: "no_secret", path: secretPath(config.stateDir) };
    const keys = openKeys(found.secrets);
    const reader = await openSessionReader(config.sessions, { ...world, keys });
    return { kind: "seen", keys, secretCount: found.secrets.length, reader, warnings: found.warnings };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { kind: "unusable", message: thrown.message, exitCode: storeExitCode(thrown) };
  }
}
