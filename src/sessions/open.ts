import type { SessionsConfig } from "../core/config.ts";
import type { Log } from "../ports/log.ts";
import type { SessionReader, SessionStore } from "../ports/session-store.ts";
import type { RandomBytes } from "../seal/random-token.ts";
import { cachedSessions } from "./cached-sessions.ts";
import { memoryRows } from "./memory.ts";
import { postgresRows } from "./postgres.ts";
import { idpSessionKeys, subjectKeys } from "./record.ts";
import { redisRows } from "./redis/redis-rows.ts";
import { changeNames, type SessionRows } from "./rows.ts";
import { type SealedSessionsDeps, sealedSessions } from "./sealed-sessions.ts";
import { readOnlySqliteRows, sqliteRows } from "./sqlite.ts";

/**
 * Opens the session store of the config, and makes it when it does not exist. Throws `Failure("store_unavailable")`, whose message names
 * the path or the server, when the store cannot be used: there is no fallback (decision 21). For the exit code see `storeExitCode`.
 */
export async function openSessions(
  config: SessionsConfig,
  deps: SealedSessionsDeps & { readonly log?: Log },
): Promise<SessionStore> {
  const rows = await openRows(config, deps.randomBytes, deps.log ?? null);
  const { keys, now } = deps;
  return cachedSessions(sealedSessions(rows, deps), {
    now,
    takeChanges: () => rows.takeChanges(),
    subjectNames: (issuer, subject) => subjectKeys(keys, issuer, subject).map(changeNames.subject),
    idpSessionNames: (issuer, idpSession) => idpSessionKeys(keys, issuer, idpSession).map(changeNames.idpSession),
  });
}

/** Opens the store for reading, and makes no file. Null: the store is in another process's memory, or does not exist. */
export async function openSessionReader(
  config: SessionsConfig,
  deps: SealedSessionsDeps,
): Promise<SessionReader | null> {
  if (config.kind === "memory") return null;
  const rows =
    config.kind === "sqlite" ? readOnlySqliteRows(config.file) : await openRows(config, deps.randomBytes, null);
  return rows === null ? null : sealedSessions(rows, deps);
}

async function openRows(config: SessionsConfig, randomBytes: RandomBytes, log: Log | null): Promise<SessionRows> {
  switch (config.kind) {
    case "memory":
      return memoryRows();
    case "sqlite":
      return sqliteRows(config.file, log);
    case "redis":
      return redisRows({ ...config, randomBytes });
    case "postgres":
      return postgresRows({ ...config, randomBytes });
  }
}
