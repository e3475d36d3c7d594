import { printable } from "../../core/printable.ts";
import type { GoRegExpError } from "../../goregexp/compile.ts";
import type { GoRegExpLint } from "../../goregexp/lint.ts";
import { paint } from "../terminal.ts";
import type { TestedUrl } from "./tested-url.ts";

/** A pattern that does not compile. */
export interface BadPattern {
  readonly pattern: string;
  readonly error: GoRegExpError;
  readonly hint: string;
}

/** A lint and its pattern. */
export interface PatternLint extends GoRegExpLint {
  readonly pattern: string;
}

/** Everything as one JSON document. */
export function testJson(
  results: readonly TestedUrl[],
  lints: readonly PatternLint[],
  bad: readonly BadPattern[],
): string {
  const errors = bad.map(({ pattern, error, hint }) => ({ pattern, ...error, hint }));
  return JSON.stringify({ results, lints, errors }, null, 2);
}

const verdictWords = { public: "public", login: "needs login", denied: "denied" } as const;
const verdictColours = { public: "32", login: "33", denied: "31" } as const;

/** A block for each URL: the string that is searched, the pattern that matches, and the verdict with its reason. */
export function testText(results: readonly TestedUrl[]): string {
  return results
    .map(({ url, searched, pattern, verdict, reason }) => {
      const coloured = paint(verdictColours[verdict], verdictWords[verdict], process.stdout);
      return [
        paint("1", printable(url), process.stdout),
        `  searched  ${printable(searched)}`,
        `  pattern   ${pattern === null ? paint("2", "none", process.stdout) : printable(pattern)}`,
        `  verdict   ${coloured}: ${reason}`,
      ].join("\n");
    })
    .join("\n\n");
}

/** The pattern, with a caret under the character at the offset of `error`. */
export function caretText({ pattern, error }: BadPattern): string {
  const before = Bun.stringWidth(printable(pattern.slice(0, error.offset)));
  return `  ${printable(pattern)}\n  ${" ".repeat(before)}^`;
}
