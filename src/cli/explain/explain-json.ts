import type { ExplainedDecision, Explanation } from "../../core/explain/explain.ts";
import { reasonText } from "../../core/explain/explain-reason.ts";
import type { ExplainStyle } from "./explain-text.ts";
import { shownHeaders, shownRequestLine } from "./shown-headers.ts";

/** An explanation as JSON. `result` determines the other keys. */
export function explanationJson(explanation: Explanation, style: ExplainStyle): string {
  const { request, trust, kind } = explanation;
  const { method, scheme, host, target } = request;
  const base = { result: kind, request: { method, url: `${scheme}://${host}${target}` }, trust: trust.map(walkOf) };
  return JSON.stringify({ ...base, ...detailsOf(explanation, style) }, null, 2);
}

function walkOf({ isTrusted, ...walk }: Explanation["trust"][number]): object {
  return { trusted: isTrusted, ...walk };
}

function detailsOf(explanation: Explanation, style: ExplainStyle): object {
  switch (explanation.kind) {
    case "refused":
      return { status: explanation.status, reason: explanation.reason };
    case "no_provider":
      return { status: 400, hosts: explanation.hosts };
    case "endpoint":
      return { provider: providerOf(explanation.chosen), endpoint: explanation.endpoint };
    case "decided":
      return { provider: providerOf(explanation.chosen), ...decisionOf(explanation, style) };
  }
}

function providerOf({ provider, by }: Extract<Explanation, { kind: "decided" }>["chosen"]): object {
  const { slug, name, mode } = provider;
  return { slug, name, mode, chosen_by: by };
}

function decisionOf({ chosen, decided }: Extract<Explanation, { kind: "decided" }>, style: ExplainStyle): object {
  const { passed } = decided;
  return {
    searched: decided.searched,
    never_public: decided.neverPublic,
    not_a_navigation: decided.obstacle,
    visitor: visitorOf(decided),
    cookie: style.cookie,
    rules: decided.rules.map(({ number, access, match }) => ({ number, access: access.kind, match })),
    public_path: decided.path,
    verdict: decided.is,
    because: decided.because,
    reason: reasonText(decided, chosen.provider),
    answers: decided.answers,
    upstream_request: shownRequestLine(passed, chosen.provider, style.secrets),
    headers: passed === null ? null : shownHeaders(passed.headers, style.secrets),
    warnings: passed?.warnings ?? [],
  };
}

function visitorOf({ visitor }: ExplainedDecision): object | null {
  if (visitor.kind !== "known") return null;
  const { username, groups, email } = visitor.identity;
  return { username, groups, email };
}
