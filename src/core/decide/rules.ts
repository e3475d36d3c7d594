import type { GoRegExpSet } from "../../goregexp/compile.ts";
import { isWithinDomain } from "../http/host.ts";
import type { JudgedTarget } from "../http/judged-target.ts";
import type { AccessRule, RuleAccess } from "../provider.ts";

/** The request that the rules are matched with. */
export interface RuleSubject {
  readonly method: string; //                      "": not known
  readonly hostname: string; //                    lower case, without port
  readonly target: JudgedTarget;
}

/** A rule that matches, and its number in the config, from 1. */
export interface MatchedRule {
  readonly number: number;
  readonly access: RuleAccess;
}

/** The rules that decide. `isFinal`: one of them certainly matches, so nothing after the rules counts. */
export interface MatchedRules {
  readonly rules: readonly MatchedRule[];
  readonly isFinal: boolean;
}

/**
 * The first rule that matches decides. If servers read the path differently, or the method is not known, it is not certain which rule matches:
 * then every restricting rule counts, up to the first that certainly matches, and no public rule does (decisions 12 and 22).
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

/** Matches the decoded path and the plain one, because servers use either (judgePath). A suspect spelling may be any path. */
function matchOfPath(path: GoRegExpSet, target: JudgedTarget): Match {
  if (target.neverPublic !== null) return "perhaps";
  const [decoded, plain] = [path.match(target.decodedPath) !== null, path.match(target.plainPath) !== null];
  if (decoded && plain) return "surely";
  return decoded || plain ? "perhaps" : "no";
}

/**
 * A rule about GET is about HEAD, too, which gets the same answer without its body (RFC 9110 9.3.2). Methods are case-sensitive (9.1), but
 * some applications ignore case: `post` must not bypass a rule about POST.
 */
function matchOfMethod(methods: readonly string[], method: string): Match {
  if (methods.length === 0) return "surely";
  if (method === "") return "perhaps";
  const sent = method.toUpperCase();
  return methods.includes(sent === "HEAD" && !methods.includes("HEAD") ? "GET" : sent) ? "surely" : "no";
}

function isHost(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname !== pattern.slice(2) && isWithinDomain(hostname, pattern.slice(2));
}
