import { claimsIn, type Template } from "./template.ts";

/** `[providers.X.ak_proxy]`, read: what authentik's scope mappings return, to be filled in at each login (spec: config). */
export interface AkProxyTable {
  readonly backendOverride: Template | null;
  readonly hostHeader: Template | null; //         with a placeholder; a constant one is the provider's `hostHeader`
  readonly userAttributes: AttributeTable;
}

/** The attributes of a table by name. */
export type AttributeTable = Readonly<Record<string, AttributeTemplate>>;

/** A value of `user_attributes`: any JSON, its texts templates. */
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
 * The names of the table's additionalHeaders, as the config spells them. A client never sends these: where nobody is logged in they are
 * empty or absent, not what a client says they are (HDR-06).
 */
export function additionalNames({ userAttributes }: AkProxyTable): readonly string[] {
  const headers = userAttributes["additionalHeaders"];
  return headers?.kind === "table" ? Object.keys(headers.entries) : [];
}
