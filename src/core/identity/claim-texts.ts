import { type Claims, claimAt, itemsOf } from "./claims.ts";

const mostItems = 10_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: C0, DEL and C1 are what is looked for (HDR-10)
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The texts of a claim: one of a string, number or boolean, each of a list of these (`itemsOf`). What is empty, has another type or holds a control
 * character is left out, so that it can be equal to nothing.
 */
export function claimTexts(claims: Claims, path: string): readonly string[] {
  const value = claimAt(claims, path);
  const items = itemsOf(value)?.slice(0, mostItems) ?? [value];
  return items.flatMap((item) => {
    if (typeof item === "number" || typeof item === "boolean") return [String(item)];
    return typeof item === "string" && item !== "" && !controlCharacter.test(item) ? [item.toWellFormed()] : [];
  });
}

/**
 * The texts of the claims that a config names in `allow` and `rules`, and of no others: a session is not to grow by what nobody asks
 * about. A claim that is not there is left out.
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
 * The text of a claim in a template; null when there is none: the claim is absent or empty, an object, or a list of which nothing is
 * left. A list is joined with `|` as X-authentik-groups is, without the items that would become two (HDR-11).
 */
export function claimText(claims: Claims, path: string): string | null {
  const value = claimAt(claims, path);
  if (typeof value === "string") return value === "" ? null : value.toWellFormed();
  const texts = claimTexts(claims, path);
  const kept = itemsOf(value) !== null ? texts.filter((text) => !text.includes("|")) : texts;
  return kept.length === 0 ? null : kept.join("|");
}
