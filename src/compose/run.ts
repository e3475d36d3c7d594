import type { Config } from "../core/config.ts";
import type { Provider } from "../core/provider.ts";
import { adminApp } from "../http/admin.ts";
import { loadOrMakeCertificate } from "../tls/stored-certificate.ts";
import { type NamedCertificate, type TlsEntry, tlsOptions } from "../tls/tls-options.ts";
import { compose, type Surroundings } from "./compose.ts";
import { type Listener, listenAdmin, listenOutpost } from "./listen.ts";

/** An akproxy that is up. */
export interface Running {
  readonly listeners: readonly Listener[];
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
  let isDraining = false;
  const inFlight = () =>
    listeners.filter(({ kind }) => kind !== "metrics").reduce((sum, each) => sum + each.inFlight(), 0);
  const stopNow = async () => {
    await Promise.all(listeners.map((listener) => listener.stop()));
    await outpost.close();
  };
  try {
    const { http, https, metrics } = config.listen;
    if (http !== null) listeners.push(listenOutpost(outpost.deps, "http", http, null));
    if (https !== null) listeners.push(listenOutpost(outpost.deps, "https", https, certificates(config, surroundings)));
    if (metrics !== null) {
      const { sessions, metrics: counts } = outpost.deps();
      const admin = { sessions, metrics: counts, issuers: outpost.issuers, inFlight, isDraining: () => isDraining };
      listeners.push(listenAdmin(metrics, adminApp(admin).fetch));
    }
  } catch (error) {
    await stopNow();
    throw error;
  }
  let inForce = config;
  return {
    listeners,
    reload(next) {
      outpost.replace(next);
      const fixed = needsRestart(inForce, next);
      inForce = next;
      return fixed;
    },
    async drain() {
      isDraining = true;
      outpost.deps().liveSockets.closeAll(1001, "stopping");
      const finished = await withinSeconds(inForce.limits.drainSeconds, drained(listeners, inFlight));
      await stopNow();
      return finished;
    },
    stopNow,
  };
}

/** The listener of /readyz goes on saying "not ready" until the others are done. */
async function drained(listeners: readonly Listener[], inFlight: () => number): Promise<void> {
  const serving = listeners.filter(({ kind }) => kind !== "metrics").map((listener) => listener.drain());
  // an idle keep-alive connection holds Bun's promise back; what counts is that no request is under way
  while (inFlight() > 0) await Bun.sleep(20);
  await Promise.race([Promise.all(serving), Bun.sleep(50)]);
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
function certificates(config: Config, { now }: Surroundings): TlsEntry[] {
  const hosts = config.providers.map((provider) => provider.externalHost.hostname.replace(/^\[|\]$/g, ""));
  const names = [...new Set(["localhost", ...hosts])];
  const fallback = config.tls.certificate ?? loadOrMakeCertificate(config.stateDir, { names, now: now() });
  return tlsOptions(fallback, config.providers.flatMap(namedCertificate), config.tls.minVersion);
}

function namedCertificate(provider: Provider): NamedCertificate[] {
  if (provider.certificate === null) return [];
  return [{ serverName: provider.externalHost.hostname, certificate: provider.certificate }];
}

/** Keys that are read once, at start. */
function needsRestart(before: Config, after: Config): readonly string[] {
  const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
    ["state_dir", (config) => config.stateDir],
    ["outpost.secret", (config) => config.secrets],
    ["listen", (config) => config.listen],
    ["tls", (config) => [config.tls, config.providers.flatMap(namedCertificate)]],
    ["sessions.store", (config) => config.sessions],
    ["limits.idle, limits.request_body", (config) => [config.limits.idleSeconds, config.limits.requestBodyBytes]],
    ["log", (config) => config.log],
  ];
  return fixed.flatMap(([key, part]) => (JSON.stringify(part(before)) === JSON.stringify(part(after)) ? [] : [key]));
}
