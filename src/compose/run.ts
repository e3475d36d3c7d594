import { roomSizes } from "../core/bounds/connection-room.ts";
import type { Config, ListenAddress } from "../core/config.ts";
import { adminApp, adminHandler } from "../http/admin/admin.ts";
import { overload } from "../http/overload.ts";
import { outpostApp, routerOf } from "../http/routes.ts";
import { wireHandler, wireRefusal } from "../http/wire-handler.ts";
import { loadOrMakeCertificate } from "../tls/stored-certificate.ts";
import { ConnectionRoom } from "../wire/client/connection-room.ts";
import type { HttpListener } from "../wire/client/listener.ts";
import { type App, rawAdapter } from "../wire/elysia-adapter.ts";
import type { TlsFacts } from "../wire/socket/tls-listener.ts";
import { defaultPoolOptions, Pool } from "../wire/upstream/pool.ts";
import { compose, type Outpost, type Surroundings } from "./compose.ts";
import { type Listener, listen } from "./listen.ts";
import { openFiles } from "./process.ts";

/** An akproxy that is up. */
export interface Running {
  readonly listeners: readonly Listener[];
  readonly mostConnections: number; //             of the HTTP and HTTPS listeners together
  /** Puts another config in force without dropping a connection. Returns the changed keys that need a restart. */
  reload(config: Config): readonly string[];
  /**
   * Accepts no new connection, closes WebSockets with 1001, and waits for the requests in flight for at most `limits.drain`. Then it cuts the
   * rest and closes the store. True when every request finished in time.
   */
  drain(): Promise<boolean>;
  /** Cuts every connection at once. */
  stopNow(): Promise<void>;
}

/** Composes and listens. Throws Failure store_unavailable or config_unusable after closing what was open already. */
export async function run(config: Config, surroundings: Surroundings): Promise<Running> {
  const server = new Server(config, surroundings, await compose(config, surroundings));
  try {
    await server.open();
  } catch (error) {
    await server.stopNow();
    throw error;
  }
  return server;
}

class Server implements Running {
  readonly listeners: Listener[] = [];
  readonly mostConnections: number;
  readonly #surroundings: Surroundings;
  readonly #outpost: Outpost;
  readonly #app: App = outpostApp(rawAdapter);
  readonly #admin: App;
  readonly #pool: Pool;
  readonly #sweep: Timer;
  readonly #sizes = roomSizes(openFiles());
  #inForce: Config;
  #isDraining = false;

  constructor(config: Config, surroundings: Surroundings, outpost: Outpost) {
    this.#inForce = config;
    this.#surroundings = surroundings;
    this.#outpost = outpost;
    this.mostConnections = this.#sizes.clients;
    const { upstreamConnectSeconds: connectSeconds, streamIdleSeconds } = config.limits;
    const mostOpen = this.#sizes.clients;
    this.#pool = new Pool({ ...defaultPoolOptions, connectSeconds, streamIdleSeconds, mostOpen });
    this.#sweep = setInterval(() => this.#pool.sweep(), 1000);
    this.#sweep.unref();
    const { sessions, metrics } = outpost.deps();
    const [inFlight, isDraining] = [() => inFlightOf(this.listeners), () => this.#isDraining];
    const { log } = surroundings;
    this.#admin = adminApp({ sessions, metrics, log, issuers: outpost.issuers, inFlight, isDraining }, rawAdapter);
  }

  async open(): Promise<void> {
    const { http, https, metrics } = this.#inForce.listen;
    const clients = new ConnectionRoom(this.#sizes.clients, this.#sizes.refused);
    if (http !== null) await this.#listen(this.#app, "http", http, clients);
    if (https !== null) await this.#listen(this.#app, "https", https, clients);
    // clients that fill the other listeners must not silence this one
    const own = new ConnectionRoom(this.#sizes.health, this.#sizes.health);
    if (metrics !== null) await this.#listen(this.#admin, "metrics", metrics, own);
  }

  async #listen(app: App, kind: Listener["kind"], address: ListenAddress, room: ConnectionRoom): Promise<void> {
    const { deps } = this.#outpost;
    const options = {
      kind,
      address,
      handlerOf: kind === "metrics" ? adminHandler : (fetch: App["fetch"]) => wireHandler(routerOf(fetch), deps),
      refusal: wireRefusal(deps),
      overload: overload(deps, { listener: kind, most: room.most }),
      pool: this.#pool,
      limits: this.#inForce.limits,
      room,
    };
    const tls = kind === "https" ? certificates(this.#inForce, this.#surroundings) : null;
    this.listeners.push(await listen(app, options, tls));
  }

  reload(next: Config): readonly string[] {
    this.#outpost.replace(next);
    for (const { wire } of this.listeners) wire.replaceCertificates(certificates(next, this.#surroundings));
    const fixed = needsRestart(this.#inForce, next);
    this.#inForce = next;
    return fixed;
  }

  async drain(): Promise<boolean> {
    this.#isDraining = true;
    this.#outpost.deps().liveStreams.closeAll(1001, "stopping");
    const finished = await withinSeconds(this.#inForce.limits.drainSeconds, drained(this.#app, this.listeners));
    await this.stopNow();
    return finished;
  }

  async stopNow(): Promise<void> {
    clearInterval(this.#sweep);
    for (const app of [this.#app, this.#admin]) await app.stop(true);
    this.#pool.drain();
    await this.#outpost.close();
  }
}

function serving(listeners: readonly Listener[]): readonly HttpListener[] {
  return listeners.filter(({ kind }) => kind !== "metrics").map(({ wire }) => wire);
}

function inFlightOf(listeners: readonly Listener[]): number {
  return serving(listeners).reduce((sum, listener) => sum + listener.inFlight(), 0);
}

/** How long clients may take to close a connection after its last answer or close frame. */
const leaveMilliseconds = 1000;

/** Meanwhile the listener of /readyz still answers "not ready". */
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

/** The changed keys among those that akproxy reads only at start. */
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
