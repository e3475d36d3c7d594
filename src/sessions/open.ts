import type { SessionsConfig } from "../core/config.ts";
import type { SessionReader, SessionStore } from "../ports/session-store.ts";
import { cachedSessions } from "./cached-sessions.ts";
import { memoryRows } from "./memory.ts";
import { postgresRows } from "./postgres.ts";
import { redisRows } from "./redis.ts";
import type { SessionRows } from "./rows.ts";
import { type SealedSessionsDeps, sealedSessions } from "./sealed-sessions.ts";
import { readOnlySqliteRows, sqliteRows } from "./sqlite.ts";

/**
 * Opens the session store that the config names, making it when it is not there. Throws `Failure("store_unavailable")`, whose message
 * names the path or the server, when it cannot be used: nothing falls back silently (decision 21). For the exit code see `storeExitCode`.
 */
export async function openSessions(config: SessionsConfig, deps: SealedSessionsDeps): Promise<SessionStore> {
  switch (config.kind) {
    case "memory":
      return cached(memoryRows(), deps);
    case "sqlite":
      return cached(sqliteRows(config.file), deps);
    case "redis":
      return cached(await redisRows({ ...config, randomBytes: deps.randomBytes }), deps);
    case "postgres":
      return cached(await postgresRows({ ...config, randomBytes: deps.randomBytes }), deps);
  }
}

function cached(rows: SessionRows, deps: SealedSessionsDeps): SessionStore {
  return cachedSessions(sealedSessions(rows, deps), { now: deps.now, takeChanges: () => rows.takeChanges() });
}

/** Opens the store to look into it, making no file. Null: it lives in another process's memory, or was never made. */
export async function openSessionReader(
  config: SessionsConfig,
  deps: SealedSessionsDeps,
): Promise<SessionReader | null> {
  switch (config.kind) {
    case "memory":
      return null;
    case "sqlite": {
      const rows = readOnlySqliteRows(config.file);
      return rows === null ? null : sealedSessions(rows, deps);
    }
    case "redis":
      return sealedSessions(await redisRows({ ...config, randomBytes: deps.randomBytes }), deps);
    case "postgres":
      return sealedSessions(await postgresRows({ ...config, randomBytes: deps.randomBytes }), deps);
  }
}
