import { type AnyElysia, Elysia, type ElysiaAdapter } from "elysia";
import type { Log } from "../../ports/log.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { WireAnswer, WireHandler } from "../../ports/wire.ts";
import { storeHealth } from "./store-health.ts";

/** What the metrics and health listener reports. */
export interface AdminDeps {
  readonly sessions: SessionStore;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly issuers: () => readonly IssuerHealth[];
  readonly inFlight: () => number;
  readonly isDraining: () => boolean;
}

/** One issuer, from `IdentityProvider.status`. */
export interface IssuerHealth {
  readonly issuer: string;
  readonly ready: boolean;
  readonly lastError: string | null;
}

/**
 * The app of `listen.metrics`: `/livez` answers 200 while the process runs. `/readyz` answers 200 when the store takes sessions
 * (decision 58), every issuer has been discovered once and no stop is under way. `/metrics` is Prometheus' text format.
 */
export function adminApp(deps: AdminDeps, server: ElysiaAdapter): AnyElysia {
  const health = storeHealth({ ...deps, clock: () => performance.now() });
  return new Elysia({ adapter: server })
    .get("/livez", () => text(200, "ok\n"))
    .get("/readyz", () => readiness(deps, health))
    .get("/metrics", () => metricsPage(deps))
    .all("/*", () => text(404, "not found\n"));
}

/** Hands the requests of the listener to the app. A HEAD takes the route of its GET: the wire drops the body. */
export function adminHandler(fetch: AnyElysia["fetch"]): WireHandler {
  // as: each route of the app returns a WireAnswer, now or later, and the adapter passes both the request and the answer on untouched
  const routed = fetch as unknown as (request: {
    readonly method: string;
    readonly path: string;
  }) => WireAnswer | Promise<WireAnswer>;
  return async ({ method, target }) => {
    const isRead = method === "GET" || method === "HEAD";
    try {
      const answer = await routed({ method: isRead ? "GET" : "ALL", path: target.split("?", 1)[0] ?? "" });
      return { kind: "answer", answer };
    } catch {
      return { kind: "answer", answer: text(500, "internal error\n") };
    }
  };
}

function text(status: number, body: string, type = "text/plain; charset=utf-8"): WireAnswer {
  const headers = [
    ["cache-control", "no-store"],
    ["x-content-type-options", "nosniff"],
    ["content-type", type],
  ] as const;
  return { status, headers, body };
}

async function readiness(deps: AdminDeps, health: () => Promise<string | null>): Promise<WireAnswer> {
  const [store, issuers] = [await storeCheck(deps, health), deps.issuers()];
  const checks = [
    ...(deps.isDraining() ? [{ name: "stopping", ready: false, detail: "" }] : []),
    store,
    ...issuers.map(({ issuer, ready, lastError }) => ({ name: `issuer ${issuer}`, ready, detail: lastError ?? "" })),
  ];
  const isReady = checks.every(({ ready }) => ready);
  const lines = checks.map(
    ({ name, ready, detail }) => `${ready ? "[+]" : "[-]"} ${name}${detail === "" ? "" : `: ${detail}`}`,
  );
  return text(isReady ? 200 : 503, `${lines.join("\n")}\n${isReady ? "ready" : "not ready"}\n`);
}

async function metricsPage(deps: AdminDeps): Promise<WireAnswer> {
  const page = deps.metrics.render({ sessions: await sessionCount(deps), inFlight: deps.inFlight() });
  return text(200, page, "text/plain; version=0.0.4; charset=utf-8");
}

/** A store that does not answer is known at once; one that answers but takes no sessions is known by the probe. */
async function storeCheck(deps: AdminDeps, health: () => Promise<string | null>) {
  const reason = (await sessionCount(deps)) === null ? "unavailable" : await health();
  return { name: "session store", ready: reason === null, detail: reason ?? "" };
}

/** Null while the store is unavailable. */
async function sessionCount(deps: AdminDeps): Promise<number | null> {
  try {
    return await deps.sessions.count();
  } catch {
    return null;
  }
}
