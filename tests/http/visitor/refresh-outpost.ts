import type { Identity } from "../../../src/core/identity.ts";
import type { Session } from "../../../src/core/session.ts";
import { claimRefreshes, type RefreshDeps } from "../../../src/http/visitor/refresh.ts";
import { createMetrics } from "../../../src/metrics/create-metrics.ts";
import type { Refreshed } from "../../../src/ports/identity-provider.ts";
import type { SessionStore } from "../../../src/ports/session-store.ts";
import { idOf, sessionOf } from "../../contract/session-store.ts";
import { keptLog } from "../../fakes/kept-log.ts";
import { proxyProvider } from "../../fakes/samples.ts";
import { turns } from "../../fakes/waits.ts";

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

/**
 * 200 refreshes at `here`, each racing a sign-out at `there` after up to `mostTurns` turns of the event loop: how many asked the issuer, and the
 * rounds after which the session was alive at `there`. Round N has the session `rN`.
 */
export async function raceSignOuts(here: SessionStore, there: SessionStore, mostTurns: number) {
  const provider = proxyProvider();
  const { deps, refreshes, asked } = outpost(here, async (identity) => {
    await turns(Math.random() * mostTurns);
    return fresh(identity);
  });
  const alive: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    const session = dueSession(`r${round}`);
    await here.create(session);
    refreshes.whenDue(deps, provider, session);
    await turns(Math.random() * mostTurns);
    if (round % 2 === 0) await there.deleteBySubject(session.identity.issuer, session.identity.subject);
    else await there.delete(session.id);
    await refreshes.settled();
    if ((await there.get(session.id)) !== null) alive.push(round);
  }
  return { asked: asked.length, alive };
}
