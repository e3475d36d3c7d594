import type { Soon } from "../core/soon.ts";
import { type Answer, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, type Passage, pageRequest } from "./exchange.ts";
import { notFound } from "./pages/not-found-page.ts";
import { proxy } from "./proxy.ts";
import { verdict } from "./verdict.ts";

/**
 * A request for the application, in every mode: a verdict inside a check, else forwarded to the upstream. A forward-auth provider has no
 * upstream: what reaches akproxy itself on its hosts is not found.
 */
export function application(deps: Deps, exchange: Exchange): Soon<Answer | Passage> {
  const { provider, request, dialect } = exchange;
  if (dialect !== null) return verdict(deps, exchange, dialect);
  if (provider.mode === "proxy") return proxy(deps, exchange, provider);
  return pageAnswer(notFound(pageRequest(request, deps.now())), request, "refused");
}
