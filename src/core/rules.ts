import type { GoRegExpSet } from "../goregexp/compile.ts";
import { isWithinDomain } from "./host.ts";
import type { JudgedTarget } from "./judged-target.ts";
import type { Allow } from "./provider.ts";

/** One of a provider's `rules`: what it speaks of, and what it says. An empty list and a null speak of everything. */
export interface AccessRule {
  readonly hosts: readonly string[]; //            lower case, without port; "*.lab.company" is everything below
  readonly path: GoRegExpSet | null; //            one pattern, searched in the decoded path
  readonly methods: readonly string[]; //          upper case
  readonly access: RuleAccess;
}

export type RuleAccess =
  | { readonly kind: "public" }
  | { readonly kind: "login" } //                  everybody who is logged in
  | { readonly kind: "deny" } //                   nobody
  | { readonly kind: "allow"; readonly allow: Allow };

/** What a rule is asked about. */
export interface RuleSubject {
  readonly method: string;
  readonly hostname: string; //                    lower case, without port
  readonly target: JudgedTarget;
}

/** A rule that speaks of the subject, and its number in the config, from 1. */
export interface MatchedRule {
  readonly number: number;
  readonly access: RuleAccess;
}

/** The rules that decide. `isFinal`: one of them surely matches, so that nothing after the rules is asked. */
export interface MatchedRules {
  readonly rules: readonly MatchedRule[];
  readonly isFinal: boolean;
}

/**
 * The first rule that matches decides. Where the path is spelled in a way that servers read differently, it can't be told which path
 * rule is meant: then each that restricts is taken to be meant, up to the first rule without a path, and none opens (decision 12).
 */
export function rulesFor(rules: readonly AccessRule[], subject: RuleSubject): MatchedRules {
  const isAmbiguous = subject.target.neverPublic !== null;
  const maybe: MatchedRule[] = [];
  for (const [index, { path, access, ...rule }] of rules.entries()) {
    if (!speaksOf(rule, subject) || (isAmbiguous && access.kind === "public")) continue;
    const entry = { number: index + 1, access };
    const matched = path === null ? "surely" : matchOf(path, subject.target);
    if (matched === "surely") return { rules: [...maybe, entry], isFinal: true };
    if (matched === "perhaps" && access.kind !== "public") maybe.push(entry);
  }
  return { rules: maybe, isFinal: false };
}

/** By the decoded path and by the plain one, which servers disagree about (judgePath); a suspect spelling may mean any path. */
function matchOf(path: GoRegExpSet, target: JudgedTarget): "surely" | "perhaps" | "no" {
  if (target.neverPublic !== null) return "perhaps";
  const [decoded, plain] = [path.match(target.decodedPath) !== null, path.match(target.plainPath) !== null];
  if (decoded && plain) return "surely";
  return decoded || plain ? "perhaps" : "no";
}

/**
 * A rule about GET is one about HEAD too, which gets the same answer without its body (RFC 9110 9.3.2). Methods are case-sensitive (9.1),
 * but not every application knows that: `post` is not to pass by a rule about POST.
 */
function speaksOf(rule: Pick<AccessRule, "hosts" | "methods">, subject: RuleSubject): boolean {
  const sent = subject.method.toUpperCase();
  const method = sent === "HEAD" && !rule.methods.includes("HEAD") ? "GET" : sent;
  if (rule.methods.length > 0 && !rule.methods.includes(method)) return false;
  return rule.hosts.length === 0 || rule.hosts.some((host) => isHost(host, subject.hostname));
}

function isHost(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname !== pattern.slice(2) && isWithinDomain(hostname, pattern.slice(2));
}
