import { Elysia } from "elysia";
import type { Metrics } from "../../ports/metrics.ts";
import type { SessionStore } from "../../ports/session-store.ts";

/** What the metrics and health listener tells about. */
export interface AdminDeps {
  readonly sessions: SessionStore;
  readonly metrics: Metrics;
  readonly issuers: () => readonly IssuerHealth[];
  readonly inFlight: () => number;
  readonly isDraining: () => boolean;
}

/** One issuer, by what `IdentityProvider.status` says. */
export interface IssuerHealth {
  readonly issuer: string;
  readonly ready: boolean;
  readonly lastError: string | null;
}

const noStore = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/**
 * The listener of `listen.metrics`: `/livez` says that the process answers and depends on nothing else, `/readyz` that the store answers,
 * every issuer has been discovered once and no stop is under way, `/metrics` is Prometheus' text format.
 */
export function adminApp(deps: AdminDeps): { readonly fetch: (request: Request) => Response | Promise<Response> } {
  return new Elysia({ handler: { standardHostname: false } })
    .get("/livez", () => new Response("ok\n", { headers: noStore }))
    .get("/readyz", () => readiness(deps))
    .get("/metrics", () => metricsPage(deps))
    .all("/*", () => new Response("not found\n", { status: 404, headers: noStore }));
}

async function readiness(deps: AdminDeps): Promise<Response> {
  const [sessions, issuers] = [await sessionCount(deps), deps.issuers()];
  const checks = [
    ...(deps.isDraining() ? [{ name: "stopping", ready: false, detail: "" }] : []),
    { name: "session store", ready: sessions !== null, detail: "" },
    ...issuers.map(({ issuer, ready, lastError }) => ({ name: `issuer ${issuer}`, ready, detail: lastError ?? "" })),
  ];
  const isReady = checks.every(({ ready }) => ready);
  const lines = checks.map(
    ({ name, ready, detail }) => `${ready ? "[+]" : "[-]"} ${name}${detail === "" ? "" : `: ${detail}`}`,
  );
  const text = `${lines.join("\n")}\n${isReady ? "ready" : "not ready"}\n`;
  return new Response(text, { status: isReady ? 200 : 503, headers: noStore });
}

async function metricsPage(deps: AdminDeps): Promise<Response> {
  const text = deps.metrics.render({ sessions: await sessionCount(deps), inFlight: deps.inFlight() });
  const headers = { ...noStore, "content-type": "text/plain; version=0.0.4; charset=utf-8" };
  return new Response(text, { headers });
}

/** Null while the store does not answer. */
async function sessionCount(deps: AdminDeps): Promise<number | null> {
  try {
    return await deps.sessions.count();
  } catch {
    return null;
  }
}
