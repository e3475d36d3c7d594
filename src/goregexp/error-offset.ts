import { RE2JS, RE2JSSyntaxException } from "re2js";
import { type PatternToken, patternTokens } from "./tokens.ts";

/**
 * Where in `pattern` (UTF-16 units, from 0) the thing stands that `error` complains about. Go's message quotes it, but the same text may
 * stand elsewhere, in a class or quoted; the first place that makes the pattern fail in the same way when it ends there is the one.
 */
export function errorOffset(pattern: string, error: RE2JSSyntaxException): number {
  switch (error.error) {
    case "missing closing )":
      return unclosed(pattern) ?? 0;
    case "unexpected )":
      return unopened(pattern) ?? 0;
    case "missing closing ]": // the quoted text goes on to the end of the pattern
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
    // one more character: a capture's name is quoted without the `>` behind it
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
