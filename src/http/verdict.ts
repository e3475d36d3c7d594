import type { Decision } from "../core/decide/decide.ts";
import { requestedUrl } from "../core/decide/return-to.ts";
import type { Dialect } from "../core/forward-auth/dialects.ts";
import { isOurCookieName, withoutCookies } from "../core/http/cookie.ts";
import { allValues, type HeaderLines } from "../core/http/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import type { Provider } from "../core/provider.ts";
import { type Soon, whenKnown } from "../core/soon.ts";
import { anonymousHeaders, identityHeaders, type OutpostFacts } from "../core/upstream/identity-headers.ts";
import { type Answer, empty, withHeaders } from "./answer.ts";
import { decided } from "./decision.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";
import { beginLogin } from "./login/login.ts";
import { outpostFactsOf } from "./outpost-facts.ts";
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

/**
 * The verdict that lets a request in, as `identity` or as anonymous: 200 with every identity header, so that the reverse proxy overwrites
 * the ones that the client sent (HDR-14).
 */
export function allowed(deps: Deps, exchange: Exchange, identity: Identity | null): Answer {
  const { provider } = exchange;
  const outpost = outpostFactsOf(deps, provider);
  const known = allowedBefore.get(identity ?? provider);
  if (known !== undefined && known.provider === provider && known.outpost === outpost) return known.answer;
  const label = identity === null ? "public" : "allowed";
  const lines = headersFor(deps, exchange, identity, outpost);
  const answer = { ...withHeaders(empty(200, label), lines), user: identity?.username ?? null };
  allowedBefore.set(identity ?? provider, { provider, outpost, answer });
  return answer;
}

/** The same verdict; for a reverse proxy that cannot remove akproxy's cookies itself, with the rest of the client's cookies. */
function lettingIn(deps: Deps, exchange: Exchange, dialect: Dialect, identity: Identity | null): Answer {
  const answer = allowed(deps, exchange, identity);
  if (!dialect.returnsCookie) return answer;
  const kept = allValues(withoutCookies(exchange.request.headers, isOurCookieName), "cookie");
  return kept.length === 0 ? answer : withHeaders(answer, [["Cookie", kept.join("; ")]]);
}

/** The verdicts made before: by identity, or by provider for anonymous requests; with the facts that they were made from. */
const allowedBefore = new WeakMap<Identity | Provider, AllowedBefore>();

interface AllowedBefore {
  readonly provider: Provider;
  readonly outpost: OutpostFacts;
  readonly answer: Answer;
}

function headersFor(deps: Deps, exchange: Exchange, identity: Identity | null, outpost: OutpostFacts): HeaderLines {
  const { provider } = exchange;
  if (identity === null) return anonymousHeaders(provider, outpost);
  const { lines, warnings } = identityHeaders(identity, provider, outpost);
  for (const warning of warnings) deps.warnOnce(provider.slug, identity.username, warning, exchange.request.id);
  return lines;
}
