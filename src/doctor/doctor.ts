import type { Config } from "../core/config.ts";
import type { OidcClient, Provider } from "../core/provider.ts";
import { certificateSection } from "./certificates.ts";
import type { DoctorWorld, Section } from "./check.ts";
import { type ExaminedIssuer, examineIssuer } from "./issuer.ts";
import { listenerSection } from "./listeners.ts";
import { providerSection } from "./provider.ts";
import { stateSection } from "./state.ts";

/**
 * Every check of a valid config, in order, each section as soon as it is known (spec: cli, doctor). It changes nothing on disk
 * or at an issuer. In a store on a server it writes one row, and deletes it. `providers`: the providers to check.
 */
export async function* diagnose(
  config: Config,
  providers: readonly Provider[],
  world: DoctorWorld,
): AsyncGenerator<Section> {
  yield await stateSection(config, world);
  yield certificateSection(config, providers, world);
  const issuers = new Map<string, ExaminedIssuer>();
  for (const { oidc } of providers) {
    if (issuers.has(reachOf(oidc))) continue;
    const examined = await examineIssuer(oidc, world);
    issuers.set(reachOf(oidc), examined);
    yield examined.section;
  }
  for (const provider of providers) {
    const issuer = issuers.get(reachOf(provider.oidc));
    if (issuer !== undefined) yield await providerSection(provider, issuer, config, world);
  }
  yield await listenerSection(config, world);
}

/** Providers with the same issuer, reached in the same way, share its checks. */
function reachOf({ issuer, backchannelHost, caPem }: OidcClient): string {
  return JSON.stringify([issuer, backchannelHost, caPem]);
}
