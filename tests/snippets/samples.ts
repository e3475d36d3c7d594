import type { Provider } from "../../src/core/provider.ts";
import { type SnippetFacts, type SnippetWishes, snippetFacts } from "../../src/snippets/snippet-facts.ts";
import { domainProvider, proxyProvider, singleProvider } from "../fakes/samples.ts";

/** Nothing said besides the config. */
export const nothing: SnippetWishes = {
  listen: null,
  outpost: null,
  upstream: null,
  hosts: [],
  additionalNames: [],
  certificate: null,
  key: null,
  extent: "fragment",
};

/** A provider's facts, akproxy on 127.0.0.1:9000. */
export function factsOf(provider: Provider, wishes: Partial<SnippetWishes> = {}): SnippetFacts {
  return snippetFacts(provider, { host: "127.0.0.1", port: 9000 }, { ...nothing, ...wishes });
}

/** https://app.test in proxy mode and by itself, and the domain corp.test behind https://auth.corp.test. */
export const providers: readonly Provider[] = [proxyProvider(), singleProvider(), domainProvider()];
