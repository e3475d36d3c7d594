import type { WireAnswer, WireOverload } from "../ports/wire.ts";
import type { Deps } from "./deps.ts";
import { failurePage } from "./pages/failure-page.ts";
import { page } from "./pages/page.ts";

/** What `overload` needs of `Deps`. */
export type OverloadDeps = Pick<Deps, "log" | "metrics" | "now" | "newRequestId">;

/** The time between two lines in the log. */
const quietSeconds = 60;

/**
 * Answers the connections above a listener's limit, in plain text. Each one is counted and costs little more: the log gets at most one line a
 * minute, and its id stands in the answers until the next line.
 */
export function overload(
  deps: () => OverloadDeps,
  { listener, most }: { readonly listener: "http" | "https" | "metrics"; readonly most: number },
): WireOverload {
  let answer: WireAnswer | null = null;
  let saidAt = 0;
  let refused = 0; //                              since the last line
  return () => {
    const inForce = deps();
    const now = inForce.now();
    inForce.metrics.connectionRefused({ listener });
    refused += 1;
    if (answer !== null && Math.abs(now - saidAt) < quietSeconds) return answer;
    const id = inForce.newRequestId();
    inForce.log.warn("connections refused", {
      request_id: id,
      code: "overloaded",
      listener,
      refused,
      most_connections: most,
      hint: "raise the limit of open files: LimitNOFILE= in a systemd unit, ulimit -n in a shell",
    });
    answer = overloadPage(id, now);
    saidAt = now;
    refused = 0;
    return answer;
  };
}

function overloadPage(id: string, time: number): WireAnswer {
  const request = { id, host: "", hostSource: "Host", peerIsTrusted: false, time } as const;
  return page(failurePage("overloaded", { request, startUrl: null, issuerAnswer: null }), "text");
}
