import type { Decision } from "../core/decide/decide.ts";
import { requestedUrl } from "../core/decide/return-to.ts";
import type { Dialect } from "../core/forward-auth/dialects.ts";
import { type Soon, whenKnown } from "../core/soon.ts";
import { lettingIn } from "./allowed.ts";
import type { Answer } from "./answer.ts";
import { decided } from "./decision.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";
import { beginLogin } from "./login/login.ts";
import { deniedPage, tooMany, unauthorized, unauthorizedBy } from "./refusals.ts";

/** The decision about the request inside a check, as an answer to the reverse proxy. Throws Failure as `decided` does. */
export function verdict(deps: Deps, exchange: Exchange, dialect: Dialect): Soon<Answer> {
  return whenKnown(decided(deps, exchange), (found) => {
    if (found.kind === "limited") return tooMany(deps, exchange, found.waitSeconds);
    if (exchange.knownMethod === "" && dialect.methodHeader !== null) {
      warnOfMethod(deps, exchange, dialect, found.decision);
    }
    return answerOf(deps, exchange, dialect, found.decision);
  });
}

function answerOf(deps: Deps, exchange: Exchange, dialect: Dialect, decision: Decision): Soon<Answer> {
  switch (decision.kind) {
    case "allow":
      return lettingIn(deps, exchange, dialect, decision.identity);
    case "allow_public":
      return lettingIn(deps, exchange, dialect, null);
    case "denied":
      return deniedPage(deps, exchange, decision.identity);
    case "login":
      return dialect.onLogin === "redirect"
        ? beginLogin(deps, exchange, requestedUrl(exchange.provider, exchange.request))
        : unauthorized(deps, exchange);
    case "unauthorized":
      return unauthorizedBy(deps, exchange, decision);
  }
}

/** A rule about methods may have refused the request only because the method is unknown. The operator must learn that. */
function warnOfMethod(deps: Deps, exchange: Exchange, dialect: Dialect, { kind, because }: Decision): void {
  const { provider, request } = exchange;
  if (kind === "allow" || because.kind !== "rule" || provider.rules[because.number - 1]?.methods.length === 0) return;
  deps.log.warn("the reverse proxy does not send the method, so a rule about methods applies", {
    request_id: request.id,
    provider: provider.slug,
    rule: because.number,
    hint: `make it send ${dialect.methodHeader}; see: akproxy snippet ${dialect.snippet} ${provider.slug}`,
  });
}
