import { z } from "zod";
import { isWithinDomain, parseHost } from "../../core/http/host.ts";
import type { AccessRule, RuleAccess } from "../../core/provider.ts";
import { quoted, type Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { pathWidth } from "../read/pattern-width.ts";
import { pattern, warnWide } from "../read/patterns.ts";
import { listOf } from "../read/text-type.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { allowOf, allowTable } from "./allow.ts";

/** A host in lower case without port and trailing dot, or `*.` and a suffix. */
function readRuleHost(text: string): Reading<string> {
  const isWildcard = text.startsWith("*.");
  const host = parseHost(isWildcard ? text.slice(2) : text);
  if (host === null) {
    return wrong("is not a host", 'write "grafana.company", or "*.lab.company" for everything under lab.company');
  }
  if (host.port !== null) return wrong("has a port", "remove the port: a rule applies to every port");
  return ok(`${isWildcard ? "*." : ""}${host.hostname}`);
}

/** A method in upper case (RFC 9110 9.1). */
function readMethod(text: string): Reading<string> {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) return ok(text.toUpperCase());
  return wrong("is not a method", 'write "GET" or "POST"');
}

/** One of a provider's `rules`. */
export const ruleTable = z.strictObject({
  hosts: listOf(readRuleHost, null)
    .prefault([])
    .describe("hosts of this rule; *.suffix is every host under it; empty: every host"),
  path_regex: pattern().prefault("").describe("paths of this rule, Go RE2 syntax; empty: every path"),
  methods: listOf(readMethod, "").prefault([]).describe("methods of this rule; GET includes HEAD; empty: every method"),
  allow: allowTable.optional().describe("the users who may enter"),
  access: z
    .enum(["public", "login", "deny"])
    .optional()
    .describe("public: everyone; login: every logged-in user; deny: nobody; instead of allow"),
});

type RuleTable = z.output<typeof ruleTable>;

/** The hosts of a provider: its external host, and in forward_domain every host under the cookie domain. */
export interface ServedHosts {
  readonly hostname: string;
  readonly domain: string | null;
}

/**
 * The rules at `path`, in the order of the file. Warns of a rule that is never reached, of a host that the provider does not have, and
 * of a rule that makes everything public. `served` is null if the hosts of the provider are not known.
 */
export function rulesOf(
  source: Source,
  path: Path,
  tables: readonly RuleTable[],
  served: ServedHosts | null,
): readonly AccessRule[] {
  return tables.flatMap((table, index) => {
    const at = [...path, index];
    const access = accessOf(source, at, table);
    warnForeignHosts(source, [...at, "hosts"], table.hosts, served);
    if (table.access === "public" && table.path_regex !== null) {
      warnWide(source, [...at, "path_regex"], table.path_regex, pathWidth);
    }
    if (access === null) return [];
    const hosts = table.hosts.map((host) => host ?? "");
    const rule: AccessRule = { hosts, path: table.path_regex, methods: table.methods, access };
    warnAboutReach(source, at, rule, tables.length - 1 - index);
    return [rule];
  });
}

function accessOf(source: Source, path: Path, table: RuleTable): RuleAccess | null {
  const allow = allowOf(source, [...path, "allow"], table.allow);
  if ((allow === null) === (table.access === undefined)) {
    const message = allow === null ? "has neither allow nor access" : "has both allow and access";
    const hint = 'write allow = { groups = ["ops"] }, or access = "public", "login" or "deny"';
    source.findings.error(path, message, hint, { kind: "key" });
    return null;
  }
  if (allow !== null) return { kind: "allow", allow };
  return table.access === undefined ? null : { kind: table.access };
}

function warnForeignHosts(source: Source, path: Path, hosts: RuleTable["hosts"], served: ServedHosts | null): void {
  for (const [index, host] of hosts.entries()) {
    if (host === null || served === null || mayBeServed(host, served)) continue;
    const own = served.domain === null ? `external_host, ${served.hostname}` : `cookie_domain, ${served.domain}`;
    const at = [...path, index];
    const message = `${quoted(source, at)} is not a host of this provider, so this rule never applies`;
    source.findings.warning(at, message, `use a host that belongs to ${own}`);
  }
}

function mayBeServed(pattern: string, { hostname, domain }: ServedHosts): boolean {
  const isWildcard = pattern.startsWith("*.");
  const host = isWildcard ? pattern.slice(2) : pattern;
  if (host === hostname && !isWildcard) return true;
  if (isWildcard && hostname !== host && isWithinDomain(hostname, host)) return true;
  return domain !== null && (isWithinDomain(host, domain) || (isWildcard && isWithinDomain(domain, host)));
}

function warnAboutReach(source: Source, path: Path, rule: AccessRule, after: number): void {
  if (rule.path !== null || rule.hosts.length > 0) return;
  const key = { kind: "key" } as const;
  if (rule.access.kind === "public" && (rule.methods.length === 0 || rule.methods.includes("GET"))) {
    const hint = 'limit it with hosts = ["…"] or path_regex = "^/public/"';
    source.findings.warning(path, "has no hosts and no path_regex: everything is public", hint, key);
  }
  if (rule.methods.length > 0 || after === 0) return;
  const reached = after === 1 ? "the rule after it is" : `the ${after} rules after it are`;
  const hint = "put it last: the first rule that matches decides";
  source.findings.warning(path, `matches every request: ${reached} never reached`, hint, key);
}
