import { roomSizes } from "../core/bounds/connection-room.ts";
import type { Config } from "../core/config.ts";
import { adminApp, adminHandler } from "../http/admin/admin.ts";
import { overload } from "../http/overload.ts";
import { outpostApp, routerOf } from "../http/routes.ts";
import { wireHandler, wireRefusal } from "../http/wire-handler.ts";
import { loadOrMakeCertificate } from "../tls/stored-certificate.ts";
import { type ConnectionRoom, connectionRoom } from "../wire/client/connection-room.ts";
import type { HttpListener } from "../wire/client/listener.ts";
import { type App, rawAdapter } from "../wire/elysia-adapter.ts";
import type { TlsFacts } from "../wire/socket/tls-listener.ts";
import { defaultPoolOptions, Pool } from "../wire/upstream/pool.ts";
import { compose, type Surroundings } from "./compose.ts";
import { type Listener, listen } from "./listen.ts";
import { openFiles } from "./process.ts";

/** An akproxy that is up. */
export interface Running {
  readonly listeners: readonly Listener[];
  readonly mostConnections: number; //             of the HTTP and HTTPS listeners together
  /** Puts another config in force without dropping a connection; says what of it needs a restart. */
  reload(config: Config): readonly string[];
  /**
   * Stops taking connections, closes WebSockets with 1001, lets what is in flight finish for at most `limits.drain`, then cuts it and
   * closes the store. True when everything finished in time.
   */
  drain(): Promise<boolean>;
  /** Cuts everything at once. */
  stopNow(): Promise<void>;
}

/**
 * Composes and listens. Throws Failure store_unavailable or config_unusable with what was opened so far closed again.
 */
export async function run(config: Config, surroundings: Surroundings): Promise<Running> {
  const outpost = await compose(config, surroundings);
  const listeners: Listener[] = [];
  const sizes = roomSizes(openFiles());
  const { upstreamConnectSeconds: connectSeconds } = config.limits;
  const pool = new Pool({ ...defaultPoolOptions, connectSeconds, mostOpen: sizes.clients });
  const sweep = setInterval(() => pool.sweep(), 1000);
  sweep.unref();
  let isDraining = false;
  const server = outpostApp(rawAdapter);
  const { sessions, metrics: counts } = outpost.deps();
  const inFlight = () => inFlightOf(listeners);
  const health = { sessions, metrics: counts, issuers: outpost.issuers, inFlight, isDraining: () => isDraining };
  const admin = adminApp(health, rawAdapter);
  const stopNow = async () => {
    clearInterval(sweep);
    for (const app of [server, admin]) await app.stop(true);
    pool.drain();
    await outpost.close();
  };
  try {
    const { http, https, metrics } = config.listen;
    const clients = connectionRoom(sizes.clients, sizes.refused);
    const serving = (kind: Listener["kind"], room: ConnectionRoom) => ({
      kind,
      handlerOf: (fetch: App["fetch"]) => wireHandler(routerOf(fetch), outpost.deps),
      refusal: wireRefusal(outpost.deps),
      overload: overload(outpost.deps, { listener: kind, most: room.most }),
      pool,
      limits: config.limits,
      room,
    });
    if (http !== null) listeners.push(await listen(server, { ...serving("http", clients), address: http }, null));
    if (https !== null) {
      const facts = certificates(config, surroundings);
      listeners.push(await listen(server, { ...serving("https", clients), address: https }, facts));
    }
    if (metrics !== null) {
      const own = connectionRoom(sizes.health, sizes.health); // who fills the others must not silence this one
      listeners.push(
        await listen(admin, { ...serving("metrics", own), address: metrics, handlerOf: adminHandler }, null),
      );
    }
  } catch (error) {
    await stopNow();
    throw error;
  }
  let inForce = config;
  return {
    listeners,
    mostConnections: sizes.clients,
    reload(next) {
      outpost.replace(next);
      for (const { wire } of listeners) wire.replaceCertificates(certificates(next, surroundings));
      const fixed = needsRestart(inForce, next);
      inForce = next;
      return fixed;
    },
    async drain() {
      isDraining = true;
      outpost.deps().liveStreams.closeAll(1001, "stopping");
      const finished = await withinSeconds(inForce.limits.drainSeconds, drained(server, listeners));
      await stopNow();
      return finished;
    },
    stopNow,
  };
}

function serving(listeners: readonly Listener[]): readonly HttpListener[] {
  return listeners.filter(({ kind }) => kind !== "metrics").map(({ wire }) => wire);
}

function inFlightOf(listeners: readonly Listener[]): number {
  return serving(listeners).reduce((sum, listener) => sum + listener.inFlight(), 0);
}

/** How long connections whose last answer or close frame is out may take to go away. */
const leaveMilliseconds = 1000;

/** The listener of /readyz goes on saying "not ready" until the others are done. */
async function drained(server: App, listeners: readonly Listener[]): Promise<void> {
  const closing = serving(listeners);
  await server.stop();
  while (inFlightOf(listeners) > 0) await Bun.sleep(20);
  const latest = Date.now() + leaveMilliseconds;
  while (closing.some((listener) => listener.connections() > 0) && Date.now() < latest) await Bun.sleep(20);
}

async function withinSeconds(seconds: number, work: Promise<void>): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  const finished = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return finished;
}

/** The configured certificate or the stored self-signed one, and each provider's own by SNI. */
function certificates(config: Config, { now }: Surroundings): TlsFacts {
  const hosts = config.providers.map((provider) => provider.externalHost.hostname.replace(/^\[|\]$/g, ""));
  const names = [...new Set(["localhost", ...hosts])];
  const fallback = config.tls.certificate ?? loadOrMakeCertificate(config.stateDir, { names, now: now() });
  const named = config.providers.flatMap(({ certificate, externalHost }) =>
    certificate === null ? [] : [{ serverName: externalHost.hostname, certificate }],
  );
  return { fallback, named, minVersion: config.tls.minVersion };
}

/** Keys that are read once, at start. */
function needsRestart(before: Config, after: Config): readonly string[] {
  const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
    ["state_dir", (config) => config.stateDir],
    ["outpost.secret", (config) => config.secrets],
    ["listen", (config) => config.listen],
    ["tls.min_version", (config) => config.tls.minVersion],
    ["sessions.store", (config) => config.sessions],
    ["limits", ({ limits }) => ({ ...limits, upstreamResponseHeaderSeconds: 0, drainSeconds: 0 })],
    ["log", (config) => config.log],
  ];
  return fixed.flatMap(([key, part]) => (JSON.stringify(part(before)) === JSON.stringify(part(after)) ? [] : [key]));
}
