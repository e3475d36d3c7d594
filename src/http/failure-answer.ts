import { Failure, type FailureCode } from "../core/failure.ts";
import { type Answer, pageAnswer } from "./answer.ts";
import type { Deps } from "./deps.ts";
import { type Exchange, pageRequest } from "./exchange.ts";
import { failurePage } from "./pages/failure-page.ts";

/**
 * The page for what a handler threw, and its line in the log. Never 2xx; what is no Failure is a bug of ours and a 500. `startAgainAt` is
 * where its button leads; null: the page itself is the place to try again, as for a login that could not even begin.
 */
export function failureAnswer(
  deps: Deps,
  exchange: Exchange,
  error: unknown,
  startAgainAt: string | null = null,
): Answer {
  const { request, provider } = exchange;
  const code: FailureCode = error instanceof Failure ? error.code : "internal";
  const fields = { request_id: request.id, provider: provider.slug, client_id: provider.oidc.clientId, code };
  if (code === "internal") deps.log.error("internal error", { ...fields, error: traceOf(error) });
  else deps.log.warn("request failed", { ...fields, reason: reasonOf(error) });
  if (code.startsWith("idp_")) deps.metrics.login({ provider: provider.slug, result: code });
  const facts = { request: pageRequest(request, deps.now()), startUrl: startAgainAt, issuerAnswer: null };
  return pageAnswer(failurePage(code, facts), request, "failed");
}

/** A failure's message and those of its causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
