/** A text with places for claims: `{claim}`, `{outer.inner}`, `{claim|default}`; `{{` and `}}` are the braces themselves. */
export interface Template {
  readonly source: string; //                      as the config has it
  readonly parts: readonly TemplatePart[];
}

export type TemplatePart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "claim"; readonly path: string; readonly fallback: string | null }; // null: the claim is required

/** A template that was read, or what is wrong with it; `offset` counts UTF-16 units from its start. */
export type ParsedTemplate =
  | { readonly kind: "template"; readonly template: Template }
  | { readonly kind: "problem"; readonly message: string; readonly hint: string; readonly offset: number };

const braceHint = 'a placeholder is {claim} or {claim|default}; a brace itself is "{{" or "}}"';

/** Reads a template (spec: config, ak_proxy). */
export function parseTemplate(source: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  for (const { 0: text, index } of source.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    const part = partOf(text);
    if (part.kind === "problem") return { ...part, hint: braceHint, offset: index };
    const last = parts.at(-1);
    if (part.kind === "literal" && last?.kind === "literal") {
      parts[parts.length - 1] = { kind: "literal", text: last.text + part.text };
    } else parts.push(part);
  }
  return { kind: "template", template: { source, parts } };
}

/** Reads one token of a template. */
function partOf(text: string): TemplatePart | { readonly kind: "problem"; readonly message: string } {
  if (text === "{" || text === "}") return { kind: "problem", message: `has a "${text}" without its other half` };
  if (text === "{{" || text === "}}") return { kind: "literal", text: text.slice(1) };
  if (!text.startsWith("{")) return { kind: "literal", text };
  const [name = "", ...others] = text.slice(1, -1).split("|");
  const path = name.trim();
  if (path === "") return { kind: "problem", message: "has a placeholder without a claim" };
  return { kind: "claim", path, fallback: others.length === 0 ? null : others.join("|") };
}

/** The claims a template names, in their order. */
export function claimsIn(template: Template): readonly string[] {
  return template.parts.flatMap((part) => (part.kind === "claim" ? [part.path] : []));
}

/** The text of a template without placeholders; null when it has one. */
export function constantText(template: Template): string | null {
  return claimsIn(template).length > 0
    ? null
    : template.parts.map((part) => ("text" in part ? part.text : "")).join("");
}
