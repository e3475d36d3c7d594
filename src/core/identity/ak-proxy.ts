import { withoutControlCharacters } from "../http/control-characters.ts";
import type { ProxyAttributes } from "../identity.ts";
import { claimText } from "./claim-texts.ts";
import type { Claims } from "./claims.ts";
import { filledOverride } from "./override-template.ts";
import { claimsIn, type Template } from "./template.ts";

/** `[providers.X.ak_proxy]`, read: what authentik's scope mappings return. Each login fills its templates (spec: config). */
export interface AkProxyTable {
  readonly backendOverride: Template | null;
  readonly hostHeader: Template | null; //         with a placeholder; without one it is the provider's `hostHeader`
  readonly userAttributes: AttributeTable;
}

/** The attributes of a table by name. */
export type AttributeTable = Readonly<Record<string, AttributeTemplate>>;

/** A value of `user_attributes`: any JSON, in which the texts are templates. */
export type AttributeTemplate =
  | { readonly kind: "text"; readonly template: Template }
  | { readonly kind: "value"; readonly value: number | boolean }
  | { readonly kind: "list"; readonly items: readonly AttributeTemplate[] }
  | { readonly kind: "table"; readonly entries: AttributeTable };

/** A provider without such a table. */
export const noAkProxyTable: AkProxyTable = { backendOverride: null, hostHeader: null, userAttributes: {} };

/** Every claim that the table names. */
export function claimsOfTable(table: AkProxyTable): readonly string[] {
  const heads = [table.backendOverride, table.hostHeader].filter((template) => template !== null);
  return [...heads.flatMap(claimsIn), ...Object.values(table.userAttributes).flatMap(claimsOfAttribute)];
}

function claimsOfAttribute(attribute: AttributeTemplate): readonly string[] {
  switch (attribute.kind) {
    case "text":
      return claimsIn(attribute.template);
    case "value":
      return [];
    case "list":
      return attribute.items.flatMap(claimsOfAttribute);
    case "table":
      return Object.values(attribute.entries).flatMap(claimsOfAttribute);
  }
}

/**
 * The names of the table's additionalHeaders, as the config spells them. akproxy removes them when a client sends them: in an anonymous request
 * they are empty or absent (HDR-06).
 */
export function additionalNames({ userAttributes }: AkProxyTable): readonly string[] {
  const headers = userAttributes["additionalHeaders"];
  return headers?.kind === "table" ? Object.keys(headers.entries) : [];
}

/** The attributes of a user at login, or why the login is refused: a claim that a template needs is missing. */
export type AkProxyOutcome =
  | { readonly kind: "filled"; readonly proxy: ProxyAttributes; readonly warnings: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/** The claims of one login, and what the templates lack. */
interface Filling {
  readonly claims: Claims;
  readonly lacking: string[]; //                   grows: a clause for each claim without a value
}

/**
 * Fills the config's table with `claims` and merges the issuer's own `ak_proxy` claim, which wins key by key, in `user_attributes` and in
 * its `additionalHeaders` (decision 31). Braces in that claim are not placeholders. No warning or reason contains a claim's value.
 */
export function withAkProxyTable(claimed: ProxyAttributes, table: AkProxyTable, claims: Claims): AkProxyOutcome {
  const warnings: string[] = [];
  const filling: Filling = { claims, lacking: [] };
  const proxy: ProxyAttributes = {
    backendOverride: claimed.backendOverride ?? overrideOf(table, filling, warnings),
    hostHeader: claimed.hostHeader ?? hostHeaderOf(table, filling),
    userAttributes: mergedAttributes(claimed.userAttributes, table.userAttributes, filling),
  };
  return filling.lacking.length === 0
    ? { kind: "filled", proxy, warnings }
    : { kind: "refused", reason: filling.lacking.join("; ") };
}

/** A value that is not allowed there leaves the template as it is. No override may contain its braces, so every request is refused (UPS-06). */
function overrideOf({ backendOverride }: AkProxyTable, filling: Filling, warnings: string[]): string | null {
  if (backendOverride === null) return null;
  const outcome = filledOverride(backendOverride, filling.claims);
  switch (outcome.kind) {
    case "filled":
      return outcome.text;
    case "missing":
      filling.lacking.push(lackText("ak_proxy.backend_override", outcome.claim));
      return null;
    case "unfit":
      warnings.push(`ak_proxy.backend_override: claim "${outcome.claim}" ${outcome.what}: requests are refused`);
      return backendOverride.source;
  }
}

function hostHeaderOf({ hostHeader }: AkProxyTable, filling: Filling): string | null {
  return hostHeader === null ? null : filled(hostHeader, filling, "ak_proxy.host_header");
}

function mergedAttributes(
  claimed: ProxyAttributes["userAttributes"],
  table: AttributeTable,
  filling: Filling,
): ProxyAttributes["userAttributes"] {
  const place = "ak_proxy.user_attributes";
  const merged: Record<string, unknown> = Object.create(null);
  for (const [name, attribute] of Object.entries(table)) {
    const own = Object.hasOwn(claimed, name) ? (claimed[name] ?? null) : null;
    if (own === null) merged[name] = attributeValue(attribute, filling, `${place}.${name}`);
    else if (name === "additionalHeaders") merged[name] = mergedHeaders(own, attribute, filling, `${place}.${name}`);
  }
  for (const [name, own] of Object.entries(claimed)) {
    if (own !== null && own !== undefined && merged[name] === undefined) merged[name] = own;
  }
  return merged;
}

/** A claim that is not an object stays as it is: additionalHeaders warns of it. */
function mergedHeaders(own: unknown, attribute: AttributeTemplate, filling: Filling, place: string): unknown {
  if (attribute.kind !== "table" || typeof own !== "object" || own === null || Array.isArray(own)) return own;
  const merged: Record<string, unknown> = Object.create(null);
  const ownNames = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(attribute.entries)) {
    if (!ownNames.has(name.toLowerCase())) merged[name] = attributeValue(value, filling, `${place}.${name}`);
  }
  return Object.assign(merged, own);
}

function attributeValue(attribute: AttributeTemplate, filling: Filling, place: string): unknown {
  switch (attribute.kind) {
    case "text":
      return filled(attribute.template, filling, place);
    case "value":
      return attribute.value;
    case "list":
      return attribute.items.map((item) => attributeValue(item, filling, place));
    case "table": {
      const entries: Record<string, unknown> = Object.create(null);
      for (const [name, value] of Object.entries(attribute.entries)) {
        entries[name] = attributeValue(value, filling, `${place}.${name}`);
      }
      return entries;
    }
  }
}

function filled(template: Template, { claims, lacking }: Filling, place: string): string {
  return template.parts
    .map((part) => {
      if (part.kind === "literal") return part.text;
      const value = claimText(claims, part.path) ?? part.fallback;
      if (value === null) lacking.push(lackText(place, part.path));
      return withoutControlCharacters(value ?? "");
    })
    .join("");
}

function lackText(place: string, claim: string): string {
  return `${place}: claim "${claim}" is missing or empty; let the issuer send it, or give a default: {${claim}|…}`;
}
