import { homeOf, judgeReturnTo, startUrl } from "../../core/decide/return-to.ts";
import { clearCookie, cookiePairs, cookieValues, setCookie } from "../../core/http/cookie.ts";
import { type LoginAttempt, loginCookiesOf, shortDigest } from "../../core/identity/login-attempt.ts";
import type { Session } from "../../core/session.ts";
import type { SignedIn } from "../../ports/identity-provider.ts";
import { openLoginAttempt, openLoginAttemptByName, stateDigest } from "../../seal/login-attempt.ts";
import { randomToken } from "../../seal/random-token.ts";
import { sealSessionCookie } from "../../seal/session-cookie.ts";
import { type Answer, pageAnswer, redirect, withHeaders } from "../answer.ts";
import type { Deps } from "../deps.ts";
import { type Exchange, pageRequest } from "../exchange.ts";
import { failurePage, type IssuerAnswer } from "../pages/failure-page.ts";
import { failureAnswer } from "../refusals.ts";
import { sessionRefresh } from "../visitor/refresh.ts";
import { browserOf, sessionOf } from "../visitor/visitor.ts";
import { redirectUri } from "./login.ts";

/** The parameters of an authorization response. */
interface CallbackParameters {
  readonly state: string;
  readonly error: IssuerAnswer | null;
}

/** The login attempt that a callback's `state` names. */
type FoundAttempt =
  | { readonly kind: "found"; readonly attempt: LoginAttempt; readonly cookieName: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "expired"; readonly returnTo: string };

/**
 * `/callback`: ends a login. First state, cookie and age are checked and the attempt is used up, then the code is redeemed once (OIDC-02,
 * OIDC-08). Throws Failure idp_* and store_unavailable.
 */
export async function finishLogin(deps: Deps, exchange: Exchange): Promise<Answer> {
  const { request, target } = exchange;
  if (request.method !== "GET") return methodNotAllowed(deps, exchange);
  const parameters = readParameters(target.query ?? "");
  if (parameters === null) return failed(deps, exchange, "bad_request", null);
  const found = findAttempt(deps, exchange, parameters.state);
  switch (found.kind) {
    case "expired":
      return failed(deps, exchange, "login_expired", null, found.returnTo);
    case "unknown":
      return parameters.error === null
        ? await unknownAttempt(deps, exchange)
        : failed(deps, exchange, "login_unknown", null);
    case "found":
      return await finishAttempt(deps, exchange, found.attempt, found.cookieName, parameters.error);
  }
}

/** Did this browser start the login that `state` in the query names? For a flagged callback on any path (decision 5). */
export function startedHere(deps: Deps, exchange: Exchange): boolean {
  const state = new URLSearchParams(exchange.target.query ?? "").get("state") ?? "";
  return findAttempt(deps, exchange, state).kind !== "unknown";
}

/** Null unless each parameter stands there at most once and has a sane length (OIDC-09). */
function readParameters(rawQuery: string): CallbackParameters | null {
  const query = new URLSearchParams(rawQuery);
  const one = (name: string) => {
    const values = query.getAll(name);
    return values.length === 1 && (values[0] ?? "").length <= 4096 ? (values[0] ?? "") : "";
  };
  for (const name of ["state", "code", "error", "iss"]) if (query.getAll(name).length > 1) return null;
  const [state, code, error] = [one("state"), one("code"), one("error")];
  if (state === "" || state.length > 512 || (code === "") === (error === "")) return null;
  const description = query.get("error_description") ?? "";
  return { state, error: error === "" ? null : { error, description } };
}

function findAttempt(deps: Deps, exchange: Exchange, state: string): FoundAttempt {
  const { provider, request } = exchange;
  const names = cookiePairs(request.headers).map(([name]) => name);
  const digest = stateDigest(state);
  let late: FoundAttempt | null = null;
  for (const cookieName of loginCookiesOf(names, provider.cookie, digest).slice(0, 4)) {
    for (const value of cookieValues(request.headers, cookieName)) {
      const opened = openLoginAttempt(deps.keys, provider.slug, state, value, deps.now());
      if (opened.ok) return { kind: "found", attempt: opened.attempt, cookieName };
      if (opened.reason !== "expired") continue;
      const old = openLoginAttemptByName(deps.keys, provider.slug, shortDigest(digest), value);
      late = { kind: "expired", returnTo: old.ok ? old.attempt.returnTo : homeOf(provider) };
    }
  }
  return late ?? { kind: "unknown" };
}

/** A callback without a usable attempt: a logged-in browser goes to the external host, otherwise the login restarts (decision 10). */
async function unknownAttempt(deps: Deps, exchange: Exchange): Promise<Answer> {
  const { provider, request } = exchange;
  if ((await sessionOf(deps, exchange)) !== null) return redirect(homeOf(provider), "callback");
  deps.log.info("login restarted: its attempt is unknown", { request_id: request.id, provider: provider.slug });
  deps.metrics.login({ provider: provider.slug, result: "unknown_attempt" });
  deps.loops.returned(browserOf(exchange));
  return redirect(startUrl(provider, homeOf(provider)), "callback");
}

async function finishAttempt(
  deps: Deps,
  exchange: Exchange,
  attempt: LoginAttempt,
  cookieName: string,
  error: IssuerAnswer | null,
): Promise<Answer> {
  const { provider } = exchange;
  const cleared = clearCookie(cookieName, provider.cookie);
  if (!deps.consumed.consume(stateDigest(attempt.state), attempt.expiresAt)) {
    const session = await sessionOf(deps, exchange);
    return session === null
      ? await unknownAttempt(deps, exchange)
      : redirect(judgeReturnTo(attempt.returnTo, provider).url, "callback", cleared);
  }
  if (error !== null) return failed(deps, exchange, "login_denied", error, attempt.returnTo, cleared);
  const callback = new URL(redirectUri(provider));
  for (const [name, value] of new URLSearchParams(exchange.target.query ?? "")) callback.searchParams.set(name, value);
  try {
    const login = await deps.idpOf(provider).redeem(callback, attempt);
    return await signedIn(deps, exchange, attempt, login, cleared);
  } catch (thrown) {
    // the attempt is used up, so a new login needs its return URL
    return withCookies(failureAnswer(deps, exchange, thrown, startUrl(provider, attempt.returnTo)), cleared);
  }
}

/** Makes the session and its cookie. The former session of this browser ends (SES-01). */
async function signedIn(
  deps: Deps,
  exchange: Exchange,
  attempt: LoginAttempt,
  { identity, grant }: SignedIn,
  cleared: readonly string[],
): Promise<Answer> {
  const { provider } = exchange;
  const previous = await sessionOf(deps, exchange);
  const createdAt = deps.now();
  const session: Session = {
    id: randomToken(deps.randomBytes),
    providerSlug: provider.slug,
    identity,
    createdAt,
    lastSeenAt: createdAt,
    expiresAt: createdAt + provider.sessionSeconds,
    idleSeconds: provider.idleSeconds,
    refresh: grant === null ? null : sessionRefresh(deps, provider, grant),
    version: 1,
  };
  await deps.sessions.create(session);
  if (previous !== null) await deps.sessions.delete(previous.id);
  deps.loops.returned(browserOf(exchange));
  deps.metrics.login({ provider: provider.slug, result: "succeeded" });
  const { slug } = provider;
  deps.log.info("login", { request_id: exchange.request.id, provider: slug, user: identity.username });
  return {
    ...redirect(judgeReturnTo(attempt.returnTo, provider).url, "callback", [
      setCookie({
        name: provider.cookie.name,
        value: sealSessionCookie(deps.keys, slug, session.id),
        scope: provider.cookie,
        maxAgeSeconds: provider.sessionSeconds,
      }),
      ...cleared,
    ]),
    user: identity.username,
  };
}

function failed(
  deps: Deps,
  exchange: Exchange,
  code: "bad_request" | "login_expired" | "login_unknown" | "login_denied",
  issuerAnswer: IssuerAnswer | null,
  returnTo: string = homeOf(exchange.provider),
  setCookies: readonly string[] = [],
): Answer {
  const { provider, request } = exchange;
  deps.metrics.login({ provider: provider.slug, result: code });
  deps.log.info("login failed", {
    request_id: request.id,
    provider: provider.slug,
    code,
    error: issuerAnswer?.error ?? null,
  });
  const facts = { request: pageRequest(request, deps.now()), startUrl: startUrl(provider, returnTo), issuerAnswer };
  return withCookies(pageAnswer(failurePage(code, facts), request, "callback"), setCookies);
}

function withCookies(answer: Answer, setCookies: readonly string[]): Answer {
  return withHeaders(
    answer,
    setCookies.map((cookie) => ["set-cookie", cookie] as const),
  );
}

function methodNotAllowed(deps: Deps, exchange: Exchange): Answer {
  const facts = { request: pageRequest(exchange.request, deps.now()), startUrl: null, issuerAnswer: null };
  const answer = pageAnswer(failurePage("bad_request", facts), exchange.request, "callback");
  return { ...answer, status: 405, headers: [...answer.headers, ["allow", "GET"]] };
}
