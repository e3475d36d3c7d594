import type { AccessRule, RuleAccess } from "../../core/decide/rules.ts";
import { isWithinDomain, parseHost } from "../../core/http/host.ts";
import { quoted, type Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { readAllow } from "../read/read-allow.ts";
import { readPattern } from "../read/read-patterns.ts";
import type { ProviderTable } from "../schema/schema.ts";

type RuleTable = ProviderTable["rules"][number];

/** Which hosts a provider has: its external host, and in domain level everything under the cookie domain. */
export interface ServedHosts {
  readonly hostname: string;
  readonly domain: string | null;
}

/**
 * The `rules` of provider `slug`, in the order of the file. Reports what is wrong in them, and what can't be meant: a rule that is never
 * reached, one about a host the provider does not have, one that opens everything. `served` is null when that is not known.
 */
export function buildRules(
  source: Source,
  slug: string,
  provider: ProviderTable,
  served: ServedHosts | null,
): readonly AccessRule[] {
  return provider.rules.flatMap((table, index) => {
    const path = ["providers", slug, "rules", index];
    const access = accessOf(source, path, table);
    const rule = {
      hosts: table.hosts.map((text, at) => readRuleHost(source, [...path, "hosts", at], text, served)),
      path: readPattern(source, slug, [...path, "path_regex"], table.access === "public" ? "opens" : "guards"),
      methods: table.methods.map((text, at) => readMethod(source, [...path, "methods", at], text)),
    };
    if (access === null) return [];
    warnAboutReach(source, path, { ...rule, access }, provider.rules.length - 1 - index);
    return [{ ...rule, access }];
  });
}

function accessOf(source: Source, path: Path, table: RuleTable): RuleAccess | null {
  const allow = readAllow(source, [...path, "allow"], table.allow);
  if ((allow === null) === (table.access === undefined)) {
    const message = allow === null ? "says neither allow nor access" : "says both allow and access";
    const hint = 'write allow = { groups = ["ops"] }, or access = "public", "login" or "deny"';
    source.findings.error(path, message, hint, { kind: "key" });
    return null;
  }
  if (allow !== null) return { kind: "allow", allow };
  return table.access === undefined ? null : { kind: table.access };
}

/** A host in lower case without port and trailing dot, or `*.` and a suffix. */
function readRuleHost(source: Source, path: Path, text: string, served: ServedHosts | null): string {
  const isWildcard = text.startsWith("*.");
  const host = parseHost(isWildcard ? text.slice(2) : text);
  if (host === null) {
    const hint = 'write "grafana.company", or "*.lab.company" for everything under lab.company';
    source.findings.error(path, `${quoted(source, path)} is not a host`, hint);
    return text;
  }
  if (host.port !== null) {
    source.findings.error(path, `${quoted(source, path)} has a port`, "leave it out: a rule is about every port");
  } else if (served !== null && !mayBeServed(host.hostname, isWildcard, served)) {
    const own = served.domain === null ? `external_host, ${served.hostname}` : `cookie_domain, ${served.domain}`;
    const message = `${quoted(source, path)} is no host of this provider, so nothing asks it`;
    source.findings.warning(path, message, `its hosts come from ${own}`);
  }
  return `${isWildcard ? "*." : ""}${host.hostname}`;
}

function mayBeServed(host: string, isWildcard: boolean, { hostname, domain }: ServedHosts): boolean {
  if (host === hostname && !isWildcard) return true;
  if (isWildcard && hostname !== host && isWithinDomain(hostname, host)) return true;
  return domain !== null && (isWithinDomain(host, domain) || (isWildcard && isWithinDomain(domain, host)));
}

function readMethod(source: Source, path: Path, text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) {
    source.findings.error(path, `${quoted(source, path)} is not a method`, 'write "GET" or "POST"'); // RFC 9110 9.1
  }
  return text.toUpperCase();
}

function warnAboutReach(source: Source, path: Path, rule: AccessRule, after: number): void {
  if (rule.path !== null || rule.hosts.length > 0) return;
  const key = { kind: "key" } as const;
  if (rule.access.kind === "public" && (rule.methods.length === 0 || rule.methods.includes("GET"))) {
    const hint = 'say of what: hosts = ["…"] or path_regex = "^/public/"';
    source.findings.warning(path, "names no hosts and no path: everything is public", hint, key);
  }
  if (rule.methods.length > 0 || after === 0) return;
  const reached = after === 1 ? "the rule after it is" : `the ${after} rules after it are`;
  const hint = "put it last: the first rule that matches decides";
  source.findings.warning(path, `is about everything: ${reached} never reached`, hint, key);
}
