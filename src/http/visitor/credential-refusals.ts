import { challengeOf, type Decision } from "../../core/decide/decide.ts";
import { requestedUrl, startUrl } from "../../core/decide/return-to.ts";
import { type Answer, pageAnswer } from "../answer.ts";
import type { Deps } from "../deps.ts";
import { type Exchange, pageRequest } from "../exchange.ts";
import { credentialRefused, tooManyRefused } from "../pages/credential-pages.ts";
import { unauthorized } from "../refusals.ts";

/** 401 for what may not be sent to a login: a program without a credential, or one whose credential is not good. Never a cookie. */
export function unauthorizedBy(
  deps: Deps,
  exchange: Exchange,
  decision: Extract<Decision, { readonly kind: "unauthorized" }>,
): Answer {
  if (decision.reason === "not_a_navigation") return unauthorized(deps, exchange);
  const { provider, request } = exchange;
  const spec = credentialRefused({
    request: pageRequest(request, deps.now()),
    loginUrl: startUrl(
      provider,
      request.method === "GET" ? requestedUrl(provider, request) : provider.externalHost.href,
    ),
    challenge: challengeOf(decision, provider.slug),
  });
  return pageAnswer(spec, request, "unauthorized");
}

/** 429 with Retry-After (decision 40). */
export function tooMany(deps: Deps, { request }: Exchange, waitSeconds: number): Answer {
  const spec = tooManyRefused({ request: pageRequest(request, deps.now()), waitSeconds });
  return pageAnswer(spec, request, "refused");
}
