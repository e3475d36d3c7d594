import type { Identity } from "../../../src/core/identity.ts";
import type { Session } from "../../../src/core/session.ts";
import { claimRefreshes, type RefreshDeps } from "../../../src/http/visitor/refresh.ts";
import { createMetrics } from "../../../src/metrics/create-metrics.ts";
import type { Refreshed } from "../../../src/ports/identity-provider.ts";
import type { SessionStore } from "../../../src/ports/session-store.ts";
import { idOf, sessionOf } from "../../contract/session-store.ts";
import { keptLog } from "../../fakes/kept-log.ts";

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));

/** An outpost's refreshes over a store, with an issuer that answers what `answer` says. */
export function outpost(
  store: SessionStore,
  answer: (identity: Identity) => Refreshed | Promise<Refreshed>,
  clock = { now: 2000 },
) {
  const log = keptLog();
  const metrics = createMetrics({ version: "1.2.3" });
  const asked: string[] = [];
  const idp: ReturnType<RefreshDeps["idpOf"]> = {
    async refresh(identity, token) {
      asked.push(token);
      return answer(identity);
    },
  };
  const deps: RefreshDeps = { sessions: store, idpOf: () => idp, now: () => clock.now, randomBytes, log, metrics };
  const refreshes = claimRefreshes({ storeRetryMilliseconds: 1 });
  return { clock, log, metrics, asked, deps, refreshes };
}

/** A session of alice, due since 1500. */
export function dueSession(start: string, token = "first"): Session {
  return { ...sessionOf({ id: idOf(start), subject: start, expiresAt: 99_000 }), refresh: { token, dueAt: 1500 } };
}

/** What an issuer answers whose groups have changed. */
export const fresh = (identity: Identity): Refreshed => ({
  kind: "fresh",
  identity: { ...identity, groups: ["fresh"] },
  grant: { token: "second", accessSeconds: 300 },
});
