import { type RuleSubject, rulesFor } from "../decide/rules.ts";
import type { AccessRule, Provider } from "../provider.ts";

/** One of the provider's rules and what it has to do with a request. */
export interface RuleTrace {
  readonly number: number; //                      in the config, from 1
  readonly access: AccessRule["access"];
  readonly match: RuleMatch;
}

/**
 * `other_*`: it speaks of another host, method or path. `matches`: it decides, or lets on to the next. `not_told`: a path that servers
 * read differently may be the rule's. `never_opens`: the same of a public rule. `not_reached`: one before it decides.
 */
export type RuleMatch =
  | "matches"
  | "other_host"
  | "other_method"
  | "other_path"
  | "not_told"
  | "never_opens"
  | "not_reached";

/** Every rule in order with what became of it, by the code that decides. */
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

/** Asks for the rule alone, and where it does not speak of the request, for each part of it as a rule that has no other. */
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
