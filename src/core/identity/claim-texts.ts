import { hasControlCharacter } from "../http/control-characters.ts";
import { type Claims, claimAt, itemsOf } from "./claims.ts";

const mostItems = 10_000;

/**
 * The texts of a claim: one for a string, number or boolean, several for a list of these (`itemsOf`). A value that is empty, has another type
 * or contains a control character is left out, so that it is equal to nothing.
 */
export function claimTexts(claims: Claims, path: string): readonly string[] {
  const value = claimAt(claims, path);
  const items = itemsOf(value)?.slice(0, mostItems) ?? [value];
  return items.flatMap((item) => {
    if (typeof item === "number" || typeof item === "boolean") return [String(item)];
    return typeof item === "string" && item !== "" && !hasControlCharacter(item) ? [item.toWellFormed()] : [];
  });
}

/**
 * The texts of the claims that `allow` and `rules` name, and of no others, which keeps sessions small. An absent claim is left out.
 */
export function keptClaims(claims: Claims, names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const kept: Record<string, readonly string[]> = Object.create(null);
  for (const name of names) {
    const texts = claimTexts(claims, name);
    if (texts.length > 0) kept[name] = texts;
  }
  return kept;
}

/**
 * The text of a claim in a template; null: the claim is absent, empty, an object, or a list without a usable item. A list is joined by `|` like
 * X-authentik-groups, without the items that contain a `|` (HDR-11).
 */
export function claimText(claims: Claims, path: string): string | null {
  const value = claimAt(claims, path);
  if (typeof value === "string") return value === "" ? null : value.toWellFormed();
  const texts = claimTexts(claims, path);
  const kept = itemsOf(value) !== null ? texts.filter((text) => !text.includes("|")) : texts;
  return kept.length === 0 ? null : kept.join("|");
}
