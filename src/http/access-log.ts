import type { Provider } from "../core/provider.ts";
import type { InboundRequest } from "../core/request.ts";
import type { Answer } from "./answer.ts";
import type { Deps } from "./deps.ts";

/**
 * Writes the log line of an answered request and counts it; `seconds` is the time to the head of the answer. The path is logged without
 * its query, which may hold codes and states (LEAK-01). Pings are counted but not logged.
 */
export function logAccess(
  deps: Deps,
  request: InboundRequest,
  provider: Provider | null,
  answer: Pick<Answer, "status" | "label" | "user">,
  seconds: number,
): void {
  const slug = provider?.slug ?? "";
  deps.metrics.request({ provider: slug, verdict: answer.label, status: answer.status }, seconds);
  if (answer.label === "ping") return;
  deps.log.info("request", () => ({
    request_id: request.id,
    provider: slug,
    host: request.host,
    method: request.method,
    path: pathOf(request.target),
    verdict: answer.label,
    status: answer.status,
    user: answer.user,
    client: request.clientAddress,
    duration_ms: Math.round(seconds * 1_000_000) / 1000,
  }));
}

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? target : target.slice(0, mark);
}
