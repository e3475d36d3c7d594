import { Failure } from "../core/failure.ts";
import type { Log } from "../ports/log.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";
import { type IssuerMetadata, issuerMetadata } from "./issuer-metadata.ts";

/** The metadata of an issuer, cached. */
export interface Discovery {
  /** The metadata; requests it from the issuer if it is not cached. Throws `Failure` idp_unreachable or idp_misconfigured. */
  metadata(): Promise<IssuerMetadata>;
  /** The cached metadata; null when there is none. Sends no request. */
  known(): IssuerMetadata | null;
  /** Why the last request failed; null when it did not. */
  lastError(): string | null;
  /** Requests the metadata in the background if it is not cached. Never throws. */
  warmUp(): void;
}

const refreshSeconds = 3600;
const failureSeconds = 2; //                       many logins at an issuer that is down send one request in this time (DOS-05)

interface DiscoveryDeps {
  readonly log: Log;
  now(): number;
}

interface DiscoveryState {
  known: { readonly metadata: IssuerMetadata; readonly at: number } | null;
  failed: { readonly failure: Failure; readonly at: number } | null;
  inFlight: Promise<IssuerMetadata> | null;
}

/** Lazy discovery: one request at a time. Use refreshes the cache in the background; while a refresh fails, the old metadata stays. */
export function discovery(issuer: string, fetch: IssuerFetch, deps: DiscoveryDeps): Discovery {
  const state: DiscoveryState = { known: null, failed: null, inFlight: null };

  function attempt(): Promise<IssuerMetadata> {
    const { failed } = state;
    if (failed !== null && deps.now() - failed.at < failureSeconds) return Promise.reject(failed.failure);
    state.inFlight ??= ask(state, issuer, fetch, deps);
    return state.inFlight;
  }

  function inBackground(): void {
    attempt().catch(() => {}); // kept in the state, logged by `ask`
  }

  return {
    async metadata() {
      if (state.known === null) return attempt();
      if (deps.now() - state.known.at >= refreshSeconds) inBackground();
      return state.known.metadata;
    },
    known: () => state.known?.metadata ?? null,
    lastError: () => state.failed?.failure.message ?? null,
    warmUp() {
      if (state.known === null) inBackground();
    },
  };
}

async function ask(
  state: DiscoveryState,
  issuer: string,
  fetch: IssuerFetch,
  deps: DiscoveryDeps,
): Promise<IssuerMetadata> {
  try {
    const metadata = await discovered(issuer, fetch);
    state.known = { metadata, at: deps.now() };
    state.failed = null;
    deps.log.info("issuer discovered", { issuer });
    return metadata;
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure("internal", "discovery failed", { cause: error });
    state.failed = { failure, at: deps.now() };
    deps.log.warn("issuer discovery failed", { issuer, code: failure.code, error: failure.message });
    throw failure;
  } finally {
    state.inFlight = null;
  }
}

async function discovered(issuer: string, fetch: IssuerFetch): Promise<IssuerMetadata> {
  // OpenID Connect Discovery 4.1: a slash at the issuer's end is removed first.
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(url, { headers: { accept: "application/json" } });
  if (response.status !== 200) {
    const what = `answered ${response.status}; check the issuer's URL`;
    throw new Failure("idp_misconfigured", `issuer "${issuer}": "${url}" ${what}`);
  }
  return issuerMetadata(issuer, await jsonOf(response));
}

/** The body as JSON; null when it is not JSON, which issuerMetadata refuses. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
