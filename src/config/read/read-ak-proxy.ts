import type { AkProxyTable, AttributeTable, AttributeTemplate } from "../../core/identity/ak-proxy-table.ts";
import { claimsIn, constantText, parseTemplate, type Template } from "../../core/identity/template.ts";
import type { OverrideHost, Upstream } from "../../core/provider.ts";
import { additionalNameProblem } from "../../core/upstream/additional-headers.ts";
import { overriddenUpstream } from "../../core/upstream/backend-override.ts";
import { quoted, type Source, take } from "../file/source.ts";
import { isTable } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import type { ProviderTable } from "../schema/schema.ts";
import { readHostAndPort } from "./read-web-address.ts";

/** `[providers.SLUG.ak_proxy]` with its templates read; `hostHeader` is the constant host that every request gets, logged in or not. */
export function readAkProxy(
  source: Source,
  slug: string,
  provider: ProviderTable,
  hosts: readonly OverrideHost[],
): { readonly akProxy: AkProxyTable; readonly hostHeader: string | null } {
  const path = ["providers", slug, "ak_proxy"];
  const host = readHostHeader(source, [...path, "host_header"], provider.ak_proxy.host_header);
  return {
    hostHeader: host.constant,
    akProxy: {
      backendOverride: readOverride(source, path, provider, hosts),
      hostHeader: host.template,
      userAttributes: readAttributes(source, [...path, "user_attributes"], provider.ak_proxy.user_attributes),
    },
  };
}

/** A template of the config; null, and reported at its character, when it is none. */
function readTemplate(source: Source, path: Path, text: string): Template | null {
  const template = parseTemplate(text);
  if ("parts" in template) return template;
  source.findings.error(path, template.message, template.hint, { kind: "character", offset: template.offset });
  return null;
}

function readHostHeader(
  source: Source,
  path: Path,
  text: string,
): { readonly constant: string | null; readonly template: Template | null } {
  const none = { constant: null, template: null };
  if (text === "") return none;
  if (text === "{internal_host}") return { constant: text, template: null };
  const template = readTemplate(source, path, text);
  if (template === null) return none;
  if (claimsIn(template).includes("internal_host")) {
    source.findings.error(path, "has {internal_host} beside something else", 'write host_header = "{internal_host}"');
    return none;
  }
  const constant = constantText(template);
  if (constant === null) return { constant, template };
  return { constant: take(source, path, readHostAndPort(constant), null), template: null };
}

/** Its scheme, and its host where no claim is in it, are looked at now; the rest when it is filled in. */
function readOverride(
  source: Source,
  table: Path,
  { mode, ak_proxy }: ProviderTable,
  hosts: readonly OverrideHost[],
): Template | null {
  const path = [...table, "backend_override"];
  const isUseless = mode === "forward_single" || mode === "forward_domain";
  for (const key of ["backend_override", "backend_override_hosts"] as const) {
    if (!isUseless || ak_proxy[key].length === 0) continue;
    const hint = "remove it: your reverse proxy reaches the application";
    source.findings.error([...table, key], `has no meaning in ${mode}`, hint);
  }
  if (ak_proxy.backend_override === "" || isUseless) return null;
  const template = readTemplate(source, path, ak_proxy.backend_override);
  if (template === null) return null;
  const hint = "for example http://foo.bar.baz/{preferred_username}";
  const [first] = template.parts;
  if (first?.kind === "literal" && !/^https?:\/\/(?:[^/]|$)/i.test(first.text)) {
    source.findings.error(path, `${quoted(source, path)} is not an http:// or https:// URL`, hint);
    return null;
  }
  if (template.parts.some((part) => part.kind === "literal" && /[?#@\\\s]/.test(part.text))) {
    source.findings.error(path, `${quoted(source, path)} has a user part, a query, a fragment or white space`, hint);
    return null;
  }
  if (ak_proxy.backend_override_hosts.length === 0) {
    const line = 'add backend_override_hosts = ["foo.bar.baz"] beside it: the hosts it may name';
    source.findings.error(path, "is never followed without backend_override_hosts", line);
  } else if (hosts.length === ak_proxy.backend_override_hosts.length) refuseUnfollowed(source, path, template, hosts);
  return template;
}

/** Where the template has its host itself, what no login could ever follow is seen now: by the code that follows it. */
function refuseUnfollowed(source: Source, path: Path, template: Template, hosts: readonly OverrideHost[]): void {
  const [first] = template.parts;
  if (first?.kind !== "literal" || (template.parts.length > 1 && !/^https?:\/\/[^/]+\//i.test(first.text))) return;
  const filled = template.parts.map((part) => (part.kind === "literal" ? part.text : "user")).join("");
  const chosen = overriddenUpstream(filled, anyUpstream, hosts);
  if (!chosen.ok)
    source.findings.error(path, chosen.reason.replace(/^backend_override /, ""), "correct it, or the list");
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

function readAttributes(source: Source, path: Path, table: Readonly<Record<string, unknown>>): AttributeTable {
  const attributes: Record<string, AttributeTemplate> = Object.create(null);
  for (const [name, value] of Object.entries(table)) {
    const at = [...path, name];
    const attribute = name === "additionalHeaders" ? readHeaders(source, at, value) : readAttribute(source, at, value);
    if (attribute !== null) attributes[name] = attribute;
  }
  return attributes;
}

function readHeaders(source: Source, path: Path, value: unknown): AttributeTemplate | null {
  if (!isTable(value)) {
    const hint = 'write a table: additionalHeaders = { X-App-User = "{preferred_username}" }';
    source.findings.error(path, "must be a table of header names and values", hint);
    return null;
  }
  const entries: Record<string, AttributeTemplate> = Object.create(null);
  for (const [name, text] of Object.entries(value)) {
    const at = [...path, name];
    const problem = additionalNameProblem(name);
    if (problem !== null) source.findings.error(at, problem, "such a header is never sent", { kind: "key" });
    const attribute = readAttribute(source, at, text);
    if (attribute?.kind === "list" || attribute?.kind === "table") {
      source.findings.error(at, "must be a text, a number, true or false", "write one text: a list is joined with |");
    } else if (attribute !== null) entries[name] = attribute;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not stand in a header (RFC 9110 5.5)
    if (typeof text === "string" && /[\u0000-\u001f\u007f]/.test(text)) {
      source.findings.error(at, "has a control character", "it becomes a header's value");
    }
  }
  return { kind: "table", entries };
}

function readAttribute(source: Source, path: Path, value: unknown): AttributeTemplate | null {
  if (typeof value === "number" || typeof value === "boolean") return { kind: "value", value };
  if (typeof value === "string") {
    const template = readTemplate(source, path, value);
    return template === null ? null : { kind: "text", template };
  }
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => readAttribute(source, [...path, index], item));
    return { kind: "list", items: items.filter((item) => item !== null) };
  }
  if (isTable(value)) {
    const entries = Object.entries(value).flatMap(([name, inner]) => {
      const attribute = readAttribute(source, [...path, name], inner);
      return attribute === null ? [] : [[name, attribute] as const];
    });
    return { kind: "table", entries: Object.fromEntries(entries) };
  }
  source.findings.error(path, "is a date", "write it in quotes");
  return null;
}
