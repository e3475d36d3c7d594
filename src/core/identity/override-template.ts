import { claimText } from "./claim-texts.ts";
import type { Claims } from "./claims.ts";
import type { Template } from "./template.ts";

/**
 * `backend_override` filled in. `unfit`: a claim's value may not stand at its place; then nothing may be sent anywhere (UPS-04, UPS-06).
 * `missing`: it has no value, and the template has none instead.
 */
export type FilledOverride =
  | { readonly kind: "filled"; readonly text: string }
  | { readonly kind: "missing"; readonly claim: string }
  | { readonly kind: "unfit"; readonly claim: string; readonly what: string };

/** The parts of a URL that a placeholder can stand in; `whole`: the template has no host of its own, the claim brings the URL. */
type Position = "whole" | "authority" | "path";

/**
 * Fills in a claim's value at each placeholder by where it stands: in the path it is one segment or a part of one, escaped; in the
 * host the letters of a name; at the very start a whole URL. No value can change scheme or host of a template that has them, nor
 * leave its path (decision 20).
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

/** Where the character after `text` stands. */
function positionAfter(text: string): Position {
  if (text === "") return "whole";
  return /^[a-z]+:\/\/[^/]*$/i.test(text) ? "authority" : "path";
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

function unfitness(value: string, position: Position): string | null {
  if (controlCharacter.test(value)) return "contains a control character";
  switch (position) {
    case "whole":
      return null; //                              judged as an issuer's own override is
    case "authority":
      return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(value) ? null : "is no part of a host's name";
    case "path":
      if (/[/\\?#@%;]/.test(value)) return "holds one of / \\ ? # @ % ;";
      return value === "." || value.includes("..") ? "holds dots that lead out of the path" : null;
  }
}
