import { RE2JS, RE2JSSyntaxException } from "re2js";
import { type PatternToken, patternTokens } from "./tokens.ts";

/**
 * The offset in `pattern` (UTF-16 units, from 0) of the text that `error` quotes. The same text may occur elsewhere, in a class or quoted. The
 * right place is the first one where the pattern, cut off after it, fails with the same error.
 */
export function errorOffset(pattern: string, error: RE2JSSyntaxException): number {
  switch (error.error) {
    case "missing closing )":
      return unclosed(pattern) ?? 0;
    case "unexpected )":
      return unopened(pattern) ?? 0;
    case "missing closing ]": // the quoted text reaches to the end of the pattern
      return pattern.length - (error.input ?? "").length;
    case "trailing backslash at end of expression":
      return pattern.length - 1;
    default:
      return quotedAt(pattern, error);
  }
}

function quotedAt(pattern: string, error: RE2JSSyntaxException): number {
  const quoted = error.input ?? "";
  if (quoted === "") return 0;
  const first = pattern.indexOf(quoted);
  for (let at = first; at !== -1; at = pattern.indexOf(quoted, at + 1)) {
    const end = at + quoted.length;
    // one more character: the name of a capture is quoted without the `>` after it
    if (failsAlike(pattern.slice(0, end), error) || failsAlike(pattern.slice(0, end + 1), error)) return at;
  }
  return Math.max(0, first);
}

function failsAlike(start: string, { error, input }: RE2JSSyntaxException): boolean {
  try {
    RE2JS.compile(start);
    return false;
  } catch (thrown) {
    return thrown instanceof RE2JSSyntaxException && thrown.error === error && thrown.input === input;
  }
}

function unclosed(pattern: string): number | undefined {
  const open: PatternToken[] = [];
  for (const token of patternTokens(pattern)) {
    if (token.kind === "open") open.push(token);
    if (token.kind === "close") open.pop();
  }
  return open.at(-1)?.offset;
}

function unopened(pattern: string): number | undefined {
  let depth = 0;
  return patternTokens(pattern).find(({ kind }) => {
    if (kind === "open") depth += 1;
    if (kind === "close") depth -= 1;
    return depth < 0;
  })?.offset;
}
