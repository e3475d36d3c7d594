import { z } from "zod";
import { parseHost } from "../../core/http/host.ts";
import type { AkProxyTable } from "../../core/identity/ak-proxy.ts";
import { claimsIn, constantText, type Template } from "../../core/identity/template.ts";
import type { OverrideHost, Upstream } from "../../core/provider.ts";
import { overriddenUpstream } from "../../core/upstream/backend-override.ts";
import type { Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { listOf, textOf } from "../read/text-type.ts";
import { readTemplate, userAttributes } from "../read/user-attributes.ts";
import { readHostAndPort } from "../read/web-address.ts";
import { ok, type Reading, wrong } from "../reading.ts";

/** The Host that the upstream gets: the same for every request, or made from a user's claims. */
interface HostHeader {
  readonly constant: string | null;
  readonly template: Template | null;
}

const noHostHeader: HostHeader = { constant: null, template: null };

function readHostHeader(text: string): Reading<HostHeader> {
  if (text === "") return ok(noHostHeader);
  if (text === "{internal_host}") return ok({ constant: text, template: null });
  const reading = readTemplate(text);
  if (reading.kind === "wrong") return reading;
  const template = reading.value;
  if (claimsIn(template).includes("internal_host")) {
    return wrong("has {internal_host} beside other text", 'write host_header = "{internal_host}"');
  }
  const constant = constantText(template);
  if (constant === null) return ok({ constant, template });
  const host = readHostAndPort(constant);
  return host.kind === "wrong" ? host : ok({ constant: host.value, template: null });
}

/** Its scheme, and its host where no claim is in it, are looked at now; the rest when it is filled in. */
function readOverride(text: string): Reading<Template | null> {
  if (text === "") return ok(null);
  const reading = readTemplate(text);
  if (reading.kind === "wrong") return reading;
  const { parts } = reading.value;
  const [first] = parts;
  const hint = "write a URL such as http://foo.bar.baz/{preferred_username}";
  if (first?.kind === "literal" && !/^https?:\/\/(?:[^/]|$)/i.test(first.text)) {
    return wrong("is not an http:// or https:// URL", hint);
  }
  if (parts.some((part) => part.kind === "literal" && /[?#@\\\s]/.test(part.text))) {
    return wrong("has a user name, a query, a fragment or white space", hint);
  }
  return reading;
}

/** An entry of `backend_override_hosts` (decision 31): `host`, `host:port`, `*.suffix` or `*`. */
function readOverrideHost(text: string): Reading<OverrideHost> {
  if (text === "*") return ok({ kind: "any" });
  const isBelow = text.startsWith("*.");
  const host = parseHost(isBelow ? text.slice(2) : text);
  const canonical = host === null ? null : canonicalHost(host.hostname);
  if (host === null || canonical === null || (isBelow && host.hostname.startsWith("["))) {
    return wrong("is not a host", 'write "foo.bar.baz", "foo.bar.baz:8080" or "*.svc.local"');
  }
  if (!isBelow) return ok({ kind: "host", hostname: canonical, port: host.port });
  if (host.port !== null) return wrong("has a port after a wildcard", "remove the port: a wildcard allows every port");
  return ok({ kind: "below", suffix: host.hostname });
}

/** As URLs have it, which an override is compared by: `[0:0:0:0:0:0:0:1]` is `[::1]`. */
function canonicalHost(hostname: string): string | null {
  return URL.canParse(`http://${hostname}/`) ? new URL(`http://${hostname}/`).hostname : null;
}

/** `[providers.SLUG.ak_proxy]`. */
export const akProxyTable = z
  .strictObject({
    backend_override: textOf(readOverride, null)
      .prefault("")
      .describe("another upstream per user; {claim} is replaced by the claim"),
    host_header: textOf(readHostHeader, noHostHeader)
      .prefault("")
      .describe('the Host the upstream gets; "{internal_host}": its own; {claim} is replaced by the claim'),
    backend_override_hosts: listOf(readOverrideHost, null)
      .prefault([])
      .describe("the only hosts an override may name: host, host:port, *.suffix, *"),
    user_attributes: userAttributes()
      .prefault({})
      .describe("attributes of every user, {claim} replaced in texts; additionalHeaders in it become request headers"),
  })
  .prefault({})
  .describe("what authentik's scope mappings return, written here");

/** What `ak_proxy` gives a provider; `hostHeader` is the constant host that every request gets, logged in or not. */
export interface AkProxyKeys {
  readonly akProxy: AkProxyTable;
  readonly hostHeader: string | null;
  readonly overrideHosts: readonly OverrideHost[];
}

/** Reads the table at `path`, and reports an override that no login could ever follow. */
export function akProxyOf(source: Source, path: Path, table: z.output<typeof akProxyTable>): AkProxyKeys {
  const overrideHosts = table.backend_override_hosts.filter((host) => host !== null);
  warnAnyHost(source, [...path, "backend_override_hosts"], table.backend_override_hosts);
  const isWhole = overrideHosts.length === table.backend_override_hosts.length;
  if (table.backend_override !== null && isWhole) {
    refuseUnfollowed(source, [...path, "backend_override"], table.backend_override, overrideHosts);
  }
  return {
    hostHeader: table.host_header.constant,
    akProxy: {
      backendOverride: table.backend_override,
      hostHeader: table.host_header.template,
      userAttributes: table.user_attributes,
    },
    overrideHosts,
  };
}

function warnAnyHost(source: Source, path: Path, hosts: readonly (OverrideHost | null)[]): void {
  const index = hosts.findIndex((host) => host?.kind === "any");
  if (index === -1) return;
  const message = "allows every host: whoever controls the claim decides where requests go";
  source.findings.warning([...path, index], message, 'list the hosts, or their domain: "*.svc.local"');
}

/** Where the template has its host itself, what no login could ever follow is seen now: by the code that follows it. */
function refuseUnfollowed(source: Source, path: Path, template: Template, hosts: readonly OverrideHost[]): void {
  if (hosts.length === 0) {
    const hint = 'add the hosts that it may name: backend_override_hosts = ["foo.bar.baz"]';
    source.findings.error(path, "has no effect without backend_override_hosts", hint);
    return;
  }
  const [first] = template.parts;
  if (first?.kind !== "literal" || (template.parts.length > 1 && !/^https?:\/\/[^/]+\//i.test(first.text))) return;
  const filled = template.parts.map((part) => (part.kind === "literal" ? part.text : "user")).join("");
  const chosen = overriddenUpstream(filled, anyUpstream, hosts);
  if (chosen.kind === "refused")
    source.findings.error(
      path,
      chosen.reason.replace(/^backend_override /, ""),
      "correct it, or add the host to backend_override_hosts",
    );
}

/** What an override takes its TLS settings from, which decide nothing here. */
const anyUpstream: Upstream = {
  scheme: "http",
  hostAndPort: "localhost",
  unixPath: null,
  basePath: "",
  baseQuery: "",
  verifyTls: true,
  caPem: null,
  serverName: null,
  reach: "anywhere",
};
