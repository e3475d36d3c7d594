import { isWithinDomain, parseHost } from "../http/host.ts";
import { parseAddress } from "../http/ip-address.ts";
import { judgeTarget } from "../http/judged-target.ts";
import type { OverrideHost, Upstream } from "../provider.ts";
import { addressRefusal, type UpstreamReach } from "./upstream-reach.ts";

/** The upstream of one user, or why it is refused. The reason is for the log, and names the config line to add where one is missing. */
export type OverriddenUpstream =
  | { readonly kind: "upstream"; readonly upstream: Upstream }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Reads `backend_override` strictly: a spelling that a URL parser would repair, or that two parsers read differently, is refused, and so are
 * userinfo, query and fragment (decisions 20 and 31; UPS-01 to UPS-04). TLS is verified with the settings of internal_host, by the override's
 * own name.
 */
export function overriddenUpstream(
  override: string,
  base: Upstream,
  hosts: readonly OverrideHost[],
): OverriddenUpstream {
  const parts = /^(https?):\/\/([^/]+)(\/[^?#]*)?$/i.exec(override);
  const [, scheme = "", authority = "", path = ""] = parts ?? [];
  const host = parseHost(authority);
  if (parts === null || host === null)
    return refused(`is not an http:// or https:// URL of a host and a path (${whyNot(override)})`);
  if (!URL.canParse(override)) return refused("is not a URL");
  const url = new URL(override);
  if (url.hostname.replace(/\.$/, "") !== host.hostname) return refused("has an address in an unusual spelling");
  const oddPath = pathRefusal(path);
  if (oddPath !== null) return refused(oddPath);
  if (hosts.length === 0) {
    return refused(`names another upstream: add backend_override_hosts = ["${host.hostname}"] beside it to allow this`);
  }
  const reach = reachBy(hosts, host.hostname, Number(url.port || (url.protocol === "https:" ? 443 : 80)));
  if (reach === null) return refused(`names the host "${authority}", which backend_override_hosts does not list`);
  const refusal = literalRefusal(host.hostname, reach);
  if (refusal !== null) return refused(`names the host "${host.hostname}", which ${refusal}`);
  return {
    kind: "upstream",
    upstream: {
      ...base,
      scheme: scheme.toLowerCase() === "https" ? "https" : "http",
      hostAndPort: url.port === "" ? host.hostname : `${host.hostname}:${url.port}`,
      unixPath: null,
      basePath: url.pathname.replace(/\/+$/, ""),
      baseQuery: "",
      serverName: null,
      reach,
    },
  };
}

function refused(what: string): OverriddenUpstream {
  return { kind: "refused", reason: `backend_override ${what}` };
}

/** Does not show the value. Braces are left over from a template whose claim was unfit (`withAkProxyTable`). */
function whyNot(override: string): string {
  if (/[{}]/.test(override)) return "a placeholder could not be filled in";
  if (override.includes("@")) return "it has a user part";
  if (/[?#]/.test(override)) return "it has a query or a fragment";
  return "it does not parse";
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern finds control characters
const neverInPath = /[\s\\\u0000-\u001f\u007f-\u009f]/;

/** Refuses each spelling that servers read differently, as for public paths. */
function pathRefusal(path: string): string | null {
  if (path === "") return null;
  if (/[{}]/.test(path)) return "still has a placeholder: the claim's value is not allowed there";
  if (neverInPath.test(path)) return "has a path that holds white space or a backslash";
  const { neverPublic } = judgeTarget(encodeURI(path.toWellFormed()).replace(/%25/g, "%"));
  return neverPublic === null ? null : `has a path that ${neverPublic}`;
}

/** The addresses that the entry for the host allows; null: no entry lists the host. Loopback needs an entry that names the host (decision 31). */
function reachBy(hosts: readonly OverrideHost[], hostname: string, port: number): UpstreamReach | null {
  const isNamed = hosts.some(
    (entry) => entry.kind === "host" && entry.hostname === hostname && (entry.port === null || entry.port === port),
  );
  if (isNamed) return "no_link_local";
  const isCovered = hosts.some(
    (entry) =>
      entry.kind === "any" ||
      (entry.kind === "below" && hostname !== entry.suffix && isWithinDomain(hostname, entry.suffix)),
  );
  return isCovered ? "no_loopback" : null;
}

/** For a host that is an address, and for names that always mean this machine (RFC 6761 6.3). Other names are checked when they are connected to. */
function literalRefusal(hostname: string, reach: UpstreamReach): string | null {
  if (parseAddress(hostname) !== null) return addressRefusal(hostname, reach);
  const isLocal = isWithinDomain(hostname, "localhost");
  return isLocal && reach === "no_loopback" ? addressRefusal("127.0.0.1", reach) : null;
}
