import { isOurCookieName, withoutCookies } from "../core/cookie.ts";
import type { Dialect } from "../core/dialects.ts";
import { allValues, type HeaderLines } from "../core/header-lines.ts";
import type { Identity } from "../core/identity.ts";
import { identityHeaders, nobodyHeaders } from "../core/identity-headers.ts";
import { type Answer, empty, withHeaders } from "./answer.ts";
import type { Deps } from "./deps.ts";
import type { Exchange } from "./exchange.ts";
import { outpostFactsOf } from "./outpost-facts.ts";

/**
 * The verdict that lets somebody in, or nobody known: 200 with the whole set of headers, so that the reverse proxy overwrites whatever a
 * client sent (HDR-14).
 */
export function allowed(deps: Deps, exchange: Exchange, identity: Identity | null): Answer {
  const lines = headersFor(deps, exchange, identity);
  const known = allowedBefore.get(lines);
  if (known !== undefined) return known;
  const verdictOf = identity === null ? "public" : "allowed";
  const answer = { ...withHeaders(empty(200, verdictOf), lines), user: identity?.username ?? null };
  allowedBefore.set(lines, answer);
  return answer;
}

/** The verdict that lets in, with what is left of the client's cookies for a reverse proxy that can't take ours out itself. */
export function lettingIn(deps: Deps, exchange: Exchange, dialect: Dialect, identity: Identity | null): Answer {
  const answer = allowed(deps, exchange, identity);
  if (!dialect.returnsCookie) return answer;
  const kept = allValues(withoutCookies(exchange.request.headers, isOurCookieName), "cookie");
  return kept.length === 0 ? answer : withHeaders(answer, [["Cookie", kept.join("; ")]]);
}

/** By the lines, which are those of one identity, or of nobody, at one provider. */
const allowedBefore = new WeakMap<HeaderLines, Answer>();

function headersFor(deps: Deps, exchange: Exchange, identity: Identity | null): HeaderLines {
  const { provider } = exchange;
  const outpost = outpostFactsOf(deps, provider);
  if (identity === null) return nobodyHeaders(provider, outpost);
  const { lines, warnings } = identityHeaders(identity, provider, outpost);
  for (const warning of warnings) deps.warnOnce(provider.slug, identity.username, warning, exchange.request.id);
  return lines;
}
