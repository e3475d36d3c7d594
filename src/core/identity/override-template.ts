import { hasControlCharacter } from "../http/control-characters.ts";
import { claimText } from "./claim-texts.ts";
import type { Claims } from "./claims.ts";
import type { Template } from "./template.ts";

/**
 * The filled `backend_override`. `unfit`: the value of a claim is not allowed at its place, so no request is forwarded (UPS-04, UPS-06).
 * `missing`: the claim has no value, and the template has no default.
 */
export type FilledOverride =
  | { readonly kind: "filled"; readonly text: string }
  | { readonly kind: "missing"; readonly claim: string }
  | { readonly kind: "unfit"; readonly claim: string; readonly what: string };

/** The part of a URL that a placeholder is in. `whole`: the template has no host of its own, and the claim is the URL. */
type Position = "whole" | "authority" | "path";

/**
 * Fills each placeholder by its position: in the path with one segment or a part of one, escaped; in the host with the letters of a name; at
 * the start with a whole URL. No value can change the scheme or host that a template has, or leave its path (decision 20).
 */
export function filledOverride(template: Template, claims: Claims): FilledOverride {
  let text = "";
  for (const part of template.parts) {
    if (part.kind === "literal") {
      text += part.text;
      continue;
    }
    const value = claimText(claims, part.path) ?? part.fallback;
    if (value === null) return { kind: "missing", claim: part.path };
    const position = positionAfter(text);
    const what = unfitness(value, position);
    if (what !== null) return { kind: "unfit", claim: part.path, what };
    text += position === "path" ? encodeURIComponent(value) : value;
  }
  return { kind: "filled", text };
}

/** The position of the character after `text`. */
function positionAfter(text: string): Position {
  if (text === "") return "whole";
  return /^[a-z]+:\/\/[^/]*$/i.test(text) ? "authority" : "path";
}

function unfitness(value: string, position: Position): string | null {
  if (hasControlCharacter(value)) return "contains a control character";
  switch (position) {
    case "whole":
      return null; //                              judged like an override of the issuer
    case "authority":
      return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(value) ? null : "is not a part of a host name";
    case "path":
      if (/[/\\?#@%;]/.test(value)) return "holds one of / \\ ? # @ % ;";
      return value === "." || value.includes("..") ? "holds dots that lead out of the path" : null;
  }
}
