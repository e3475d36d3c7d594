import { type RuleSubject, rulesFor } from "../decide/rules.ts";
import type { AccessRule, Provider } from "../provider.ts";

/** One of the provider's rules, and whether it matches a request. */
export interface RuleTrace {
  readonly number: number; //                      in the config, from 1
  readonly access: AccessRule["access"];
  readonly match: RuleMatch;
}

/**
 * `other_*`: the rule is for another host, method or path. `matches`: the rule decides, or does not refuse. `not_told`: servers read the path
 * differently, so the rule may match. `never_opens`: the same for a public rule. `not_reached`: a rule before it decides.
 */
export type RuleMatch =
  | "matches"
  | "other_host"
  | "other_method"
  | "other_path"
  | "not_told"
  | "never_opens"
  | "not_reached";

/** Every rule in order with its match, found by the code that decides. */
export function traceRules(provider: Provider, subject: RuleSubject): readonly RuleTrace[] {
  const traces: RuleTrace[] = [];
  let isDecided = false;
  for (const [index, rule] of provider.rules.entries()) {
    const match: RuleMatch = isDecided ? "not_reached" : matchOf(rule, subject);
    traces.push({ number: index + 1, access: rule.access, match });
    isDecided ||= match === "matches";
  }
  return traces;
}

/** Matches the rule alone; where it does not match, matches each part of it as a rule of its own. */
function matchOf(rule: AccessRule, subject: RuleSubject): RuleMatch {
  const ask = (part: Partial<AccessRule>) =>
    rulesFor([{ hosts: [], methods: [], path: null, access: { kind: "deny" }, ...part }], subject);
  if (ask({ hosts: rule.hosts }).rules.length === 0) return "other_host";
  if (ask({ methods: rule.methods }).rules.length === 0) return "other_method";
  const { rules, isFinal } = ask({ path: rule.path });
  if (rules.length === 0) return "other_path";
  if (rule.access.kind === "public" && (!isFinal || subject.target.neverPublic !== null)) return "never_opens";
  return isFinal ? "matches" : "not_told";
}
