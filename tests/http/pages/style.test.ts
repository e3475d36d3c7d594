import { expect, test } from "bun:test";
import { style } from "../../../src/http/pages/style.ts";

/** Text colour on background, and the least contrast WCAG 2.2 asks for: 4.5 for text (1.4.3), 3 for anything else (1.4.11). */
const pairs = [
  ["ink", "card", 4.5],
  ["ink", "well", 4.5],
  ["soft", "card", 4.5],
  ["soft", "well", 4.5],
  ["on-button", "button", 4.5],
  ["trouble", "card", 3],
  ["refused", "card", 3],
  ["question", "card", 3],
  ["done", "card", 3],
  ["focus", "card", 3],
] as const;

test.each(["light", "dark"] as const)("every colour of the %s scheme stands out from what is behind it", (scheme) => {
  const blocks = [...style.matchAll(/:root\{([^}]*)\}/g)].map((match) => match[1] ?? "");
  const block = blocks[scheme === "light" ? 0 : 1] ?? "";
  const colours = new Map([...block.matchAll(/--([a-z-]+):(#[0-9a-f]+)/g)].map((match) => [match[1], match[2] ?? ""]));

  const tooFaint = pairs.filter(
    ([front, back, least]) => contrast(colours.get(front) ?? "", colours.get(back) ?? "") < least,
  );

  expect(colours.size).toBe(13);
  expect(tooFaint).toEqual([]);
});

test("the contrast of black on white is 21, as WCAG defines it", () => {
  expect(contrast("#000", "#fff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replace(/[0-9a-f]/g, "$&$&") : hex;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(digits.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
