import type { Provider } from "../core/provider.ts";
import type { OutpostFacts } from "../core/upstream/identity-headers.ts";
import type { Deps } from "./deps.ts";

/** The facts about this outpost in a provider's identity headers. Always the same object while they do not change. */
export function outpostFactsOf(deps: Deps, provider: Provider): OutpostFacts {
  const { outpostName, version } = deps;
  const jwksUri = deps.idpOf(provider).jwksUri();
  const known = factsBefore.get(provider);
  const isTrue = known?.jwksUri === jwksUri && known.outpostName === outpostName && known.version === version;
  if (known !== undefined && isTrue) return known;
  const facts = { outpostName, version, jwksUri };
  factsBefore.set(provider, facts);
  return facts;
}

const factsBefore = new WeakMap<Provider, OutpostFacts>();
