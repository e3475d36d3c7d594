import { hostKey, isWithinDomain, parseHost } from "../http/host.ts";
import type { ForwardDomainProvider, Provider } from "../provider.ts";

/** Finds the provider of a host. */
export interface ProviderDirectory {
  /**
   * `host` as InboundRequest.host. An exact external host wins, then the longest cookie domain (decision 27; authentik's order).
   * differs from authentik: an unknown host is never served by "the only provider" (decision 6).
   */
  choose(host: string): Provider | null;
}

/** Builds the directory once; a lookup costs one Map read, for one provider as for 500. */
export function providerDirectory(providers: readonly Provider[]): ProviderDirectory {
  const byHost = new Map(providers.map((provider) => [externalHostKey(provider), provider]));
  const domains = providers
    .filter((provider): provider is ForwardDomainProvider => provider.mode === "forward_domain")
    .sort((left, right) => right.cookieDomain.length - left.cookieDomain.length);
  return {
    choose(host) {
      const exact = byHost.get(host);
      if (exact !== undefined) return exact;
      const parsed = parseHost(host);
      if (parsed === null) return null;
      const withoutPort = byHost.get(parsed.hostname);
      if (withoutPort !== undefined && parsed.port === defaultPort(withoutPort)) return withoutPort;
      return domains.find((provider) => isWithinDomain(parsed.hostname, provider.cookieDomain)) ?? null;
    },
  };
}

/** The external host in the spelling in which hosts are compared. */
export function externalHostKey(provider: Provider): string {
  const parsed = parseHost(provider.externalHost.host);
  if (parsed === null) return provider.externalHost.host;
  return hostKey(parsed, schemeOf(provider));
}

/** The scheme of the provider in the browser. */
export function schemeOf(provider: Provider): "http" | "https" {
  return provider.externalHost.protocol === "https:" ? "https" : "http";
}

/** A front proxy that ends TLS may forward `:443` over plain http: the external scheme decides which port is the default. */
function defaultPort(provider: Provider): number {
  return schemeOf(provider) === "https" ? 443 : 80;
}
