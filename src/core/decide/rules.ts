import type { GoRegExpSet } from "../../goregexp/compile.ts";
import { isWithinDomain } from "../http/host.ts";
import type { JudgedTarget } from "../http/judged-target.ts";
import type { AccessRule, RuleAccess } from "../provider.ts";

/** What a rule is asked about. */
export interface RuleSubject {
  readonly method: string; //                      "": not told
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
 * The first rule that matches decides. Where the path is spelled in a way that servers read differently, or the method is not told, it
 * can't be told which rule is meant: then each that restricts is taken to be meant, up to the first that surely is, and none opens
 * (decisions 12 and 22).
 */
export function rulesFor(rules: readonly AccessRule[], subject: RuleSubject): MatchedRules {
  const isAmbiguous = subject.target.neverPublic !== null;
  const maybe: MatchedRule[] = [];
  for (const [index, { access, ...rule }] of rules.entries()) {
    if (isAmbiguous && access.kind === "public") continue;
    const entry = { number: index + 1, access };
    const matched = matchOf(rule, subject);
    if (matched === "surely") return { rules: [...maybe, entry], isFinal: true };
    if (matched === "perhaps" && access.kind !== "public") maybe.push(entry);
  }
  return { rules: maybe, isFinal: false };
}

type Match = "surely" | "perhaps" | "no";

function matchOf({ hosts, methods, path }: Omit<AccessRule, "access">, subject: RuleSubject): Match {
  if (hosts.length > 0 && !hosts.some((host) => isHost(host, subject.hostname))) return "no";
  const parts = [matchOfMethod(methods, subject.method), path === null ? "surely" : matchOfPath(path, subject.target)];
  if (parts.includes("no")) return "no";
  return parts.includes("perhaps") ? "perhaps" : "surely";
}

/** By the decoded path and by the plain one, which servers disagree about (judgePath); a suspect spelling may mean any path. */
function matchOfPath(path: GoRegExpSet, target: JudgedTarget): Match {
  if (target.neverPublic !== null) return "perhaps";
  const [decoded, plain] = [path.match(target.decodedPath) !== null, path.match(target.plainPath) !== null];
  if (decoded && plain) return "surely";
  return decoded || plain ? "perhaps" : "no";
}

/**
 * A rule about GET is one about HEAD too, which gets the same answer without its body (RFC 9110 9.3.2). Methods are case-sensitive (9.1),
 * but not every application knows that: `post` is not to pass by a rule about POST.
 */
function matchOfMethod(methods: readonly string[], told: string): Match {
  if (methods.length === 0) return "surely";
  if (told === "") return "perhaps";
  const sent = told.toUpperCase();
  return methods.includes(sent === "HEAD" && !methods.includes("HEAD") ? "GET" : sent) ? "surely" : "no";
}

function isHost(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname !== pattern.slice(2) && isWithinDomain(hostname, pattern.slice(2));
}
