import { randomBytes } from "node:crypto";
import type { SessionsConfig } from "../../src/core/config.ts";
import type { Session } from "../../src/core/session.ts";
import type { SessionStore } from "../../src/ports/session-store.ts";
import { openKeys } from "../../src/seal/keys.ts";
import { openSessions } from "../../src/sessions/open.ts";
import type { SealedSessionsDeps } from "../../src/sessions/sealed-sessions.ts";
import { type SessionWish, sessionOf } from "../contract/session-store.ts";
import { waitUntil } from "../fakes/waits.ts";

const keys = openKeys(["a secret of the outpost, long enough"]);
/** Epoch seconds. */
export const now = () => Math.floor(Date.now() / 1000);

/** The store as one instance opens it: with separate connections, channel and cache. */
export function openInstance(
  config: SessionsConfig,
  clock: () => number = now,
  given: Partial<SealedSessionsDeps> = {},
): Promise<SessionStore> {
  return openSessions(config, { keys, now: clock, randomBytes, ...given });
}

/** A new session of one hour with a new id. */
export function newSession(wish: SessionWish = {}): Session {
  const id = randomBytes(32).toString("base64url");
  return { ...sessionOf({ id, ...wish }), createdAt: now(), lastSeenAt: now(), expiresAt: now() + 3600 };
}

/** Waits until `store` answers for this session from its cache: a beat has arrived, so look-ups are cached. */
export async function untilKept(store: SessionStore, { id }: Session): Promise<void> {
  await waitUntil(async () => {
    const found = store.get(id);
    await found;
    return !(found instanceof Promise);
  });
}

/** Does the store answer with this session? False also while it does not answer at all. */
export async function has(store: SessionStore, { id }: Session): Promise<boolean> {
  try {
    return (await store.get(id)) !== null;
  } catch {
    return false;
  }
}
