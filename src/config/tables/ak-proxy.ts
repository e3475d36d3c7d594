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

/** The Host header that the upstream gets: a constant, or a template that is filled in with the claims of the user. */
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

/** Checks the scheme and the constant parts. The rest is checked when the template is filled in at login. */
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

/** The spelling of the host in a URL, with which an override is compared: `[0:0:0:0:0:0:0:1]` is `[::1]`. */
function canonicalHost(hostname: string): string | null {
  return URL.canParse(`http://${hostname}/`) ? new URL(`http://${hostname}/`).hostname : null;
}

/** `[providers.SLUG.ak_proxy]`. */
export const akProxyTable = z
  .strictObject({
    backend_override: textOf(readOverride, null)
      .prefault("")
      .describe("another upstream for each user; {claim} is the value of that claim"),
    host_header: textOf(readHostHeader, noHostHeader)
      .prefault("")
      .describe(
        'Host header that the upstream gets; "{internal_host}": the host of internal_host; {claim} is the value of that claim',
      ),
    backend_override_hosts: listOf(readOverrideHost, null)
      .prefault([])
      .describe("allowed hosts of an override: host, host:port, *.suffix, *"),
    user_attributes: userAttributes()
      .prefault({})
      .describe(
        "attributes of every user; {claim} in a string is the value of that claim; additionalHeaders become request headers",
      ),
  })
  .prefault({})
  .describe("what authentik's scope mappings return, written here");

/** The fields of a provider that `ak_proxy` sets. `hostHeader` is the constant host of every request, also of anonymous ones. */
export interface AkProxyKeys {
  readonly akProxy: AkProxyTable;
  readonly hostHeader: string | null;
  readonly overrideHosts: readonly OverrideHost[];
}

/** Makes these fields of the table at `path`, and reports an override that can never be used. */
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
  const message = "allows every host: a user who controls the claim decides where requests go";
  source.findings.warning([...path, index], message, 'list the hosts, or their domain: "*.svc.local"');
}

/** A template with a constant host is checked now, by the code that uses overrides at run time. */
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

/** An override takes its TLS settings from this upstream; they do not matter for the check. */
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
