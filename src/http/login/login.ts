import { callbackFlag, callbackPath } from "../../core/decide/endpoint.ts";
import { homeOf, judgeReturnTo, ownUrl, startUrl, switchAccount } from "../../core/decide/return-to.ts";
import { clearCookie, cookiePairs, setCookie } from "../../core/http/cookie.ts";
import { firstValue } from "../../core/http/header-lines.ts";
import { isNavigation } from "../../core/http/navigation.ts";
import {
  type LoginAttempt,
  loginAttemptSeconds,
  loginCookieName,
  loginCookiesToDrop,
} from "../../core/identity/login-attempt.ts";
import type { Provider } from "../../core/provider.ts";
import type { Soon } from "../../core/soon.ts";
import { sealLoginAttempt, stateDigest } from "../../seal/login-attempt.ts";
import { randomToken } from "../../seal/random-token.ts";
import { type Answer, pageAnswer, redirect } from "../answer.ts";
import type { Deps } from "../deps.ts";
import { type Exchange, pageRequest } from "../exchange.ts";
import { failurePage } from "../pages/failure-page.ts";
import { unauthorized } from "../refusals.ts";
import { browserOf } from "../visitor/visitor.ts";

/** All login attempts of one browser together, in bytes of its Cookie header: well under every server's header limit (OIDC-15). */
const attemptBudgetBytes = 4000;

/**
 * `/start`: begins a login that returns to `rd`. Without `rd` it returns to the URL in a trusted peer's X-Original-URL, whole and unescaped,
 * because an nginx cannot escape a URL into a query. No other header or parameter is read (RED-09). In proxy mode X-Original-URL is not read
 * either: there a reverse proxy passes on the client's own (decision 7).
 */
export function startEndpoint(deps: Deps, exchange: Exchange): Soon<Answer> {
  // an image or a script of another site must not start logins that evict those under way (decision 9)
  if (!isNavigation(exchange.request.method, exchange.request.headers)) return unauthorized(deps, exchange);
  const query = new URLSearchParams(exchange.target.query ?? "");
  const mayForward = exchange.request.peerIsTrusted && exchange.provider.mode !== "proxy";
  const forwarded = mayForward ? firstValue(exchange.sentHeaders, "X-Original-URL") : null;
  const account = query.get(switchAccount) === "true" ? "other" : "same";
  return beginLogin(deps, exchange, query.get("rd") ?? forwarded ?? "", account);
}

/**
 * Begins a login and redirects the browser to the issuer. The attempt is kept in a sealed cookie of the browser; akproxy stores nothing
 * (decision 10). An unacceptable `rd` becomes the external host. Throws Failure idp_unreachable or idp_misconfigured.
 */
export async function beginLogin(
  deps: Deps,
  exchange: Exchange,
  rd: string,
  account: "same" | "other" = "same",
): Promise<Answer> {
  const { provider, request } = exchange;
  const returnTo = judgeReturnTo(rd, provider);
  if (returnTo.kind === "refused") {
    deps.log.info("return url refused", { request_id: request.id, provider: provider.slug, reason: returnTo.reason });
  }
  if (deps.loops.isLooping(browserOf(exchange))) return loopPage(deps, exchange, returnTo.url);
  const attempt = newAttempt(deps, provider, returnTo.url);
  const location = await deps.idpOf(provider).authorizationUrl({
    ...attempt,
    redirectUri: redirectUri(provider),
    prompt: account === "other" ? "select_account" : null,
  });
  deps.metrics.login({ provider: provider.slug, result: "started" });
  return redirect(location, "login", attemptCookies(deps, exchange, attempt));
}

/** The redirect URI that the operator registers with the issuer (authentik: the callback with its flag). */
export function redirectUri(provider: Provider): string {
  return `${ownUrl(provider, callbackPath).href}?${callbackFlag}=true`;
}

function newAttempt(deps: Deps, provider: Provider, returnTo: string): LoginAttempt {
  const startedAt = deps.now();
  return {
    providerSlug: provider.slug,
    state: randomToken(deps.randomBytes),
    nonce: randomToken(deps.randomBytes),
    codeVerifier: randomToken(deps.randomBytes),
    returnTo,
    startedAt,
    expiresAt: startedAt + loginAttemptSeconds,
  };
}

/** Sets the new attempt's cookie, and clears the oldest attempts above the limit of eight or above the byte budget. */
function attemptCookies(deps: Deps, exchange: Exchange, attempt: LoginAttempt): readonly string[] {
  const { provider, request } = exchange;
  const scope = provider.cookie;
  const name = loginCookieName(scope, attempt.startedAt, stateDigest(attempt.state));
  const value = sealLoginAttempt(deps.keys, attempt, deps.randomBytes);
  const present = cookiePairs(request.headers);
  const names = present.map(([presentName]) => presentName);
  const oldestFirst = loginCookiesToDrop(names, scope, 0);
  const dropped = new Set(loginCookiesToDrop(names, scope));
  const sizeOf = (wanted: string) => (present.find(([other]) => other === wanted)?.[1].length ?? 0) + wanted.length;
  let bytes = name.length + value.length;
  for (const kept of oldestFirst.toReversed()) {
    bytes += sizeOf(kept);
    if (bytes > attemptBudgetBytes) dropped.add(kept);
  }
  const set = setCookie({ name, value, scope, maxAgeSeconds: loginAttemptSeconds });
  return [set, ...[...dropped].flatMap((old) => clearCookie(old, scope))];
}

function loopPage(deps: Deps, exchange: Exchange, returnTo: string): Answer {
  const { provider, request } = exchange;
  deps.log.warn("login loop", { request_id: request.id, provider: provider.slug, client: request.clientAddress });
  deps.metrics.login({ provider: provider.slug, result: "loop" });
  const again = returnTo === homeOf(provider) ? homeOf(provider) : startUrl(provider, returnTo);
  const facts = { request: pageRequest(request, deps.now()), startUrl: again, issuerAnswer: null };
  return pageAnswer(failurePage("login_loop", facts), request, "failed");
}
