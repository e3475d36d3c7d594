import { RE2JS, RE2JSSyntaxException, RE2Set } from "re2js";
import { errorOffset } from "./error-offset.ts";

/** Why a pattern in Go's RE2 syntax does not compile: Go's own message, and the offset in the pattern (UTF-16 units, from 0). */
export interface GoRegExpError {
  readonly message: string;
  readonly offset: number;
}

/** Several patterns searched (unanchored, as Go's `MatchString`) at once, in linear time (PATH-12). */
export interface GoRegExpSet {
  readonly patterns: readonly string[];
  /** The first pattern, in order, that is found in `input`; null when none is. */
  match(input: string): string | null;
}

/**
 * What is wrong with `pattern` by Go's regexp/syntax; null when it compiles (PATH-10).
 * differs from Go: two groups with the same name are refused, because re2js refuses them.
 */
export function checkGoRegExp(pattern: string): GoRegExpError | null {
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    // Go quotes an empty text too (syntax.Error.Error); re2js leaves it out
    const message = `error parsing regexp: ${error.error}: \`${error.input ?? ""}\``;
    return { message, offset: errorOffset(pattern, error) };
  }
}

/** Compiles patterns that `checkGoRegExp` accepts. Throws for any other pattern. */
export function compileGoRegExps(patterns: readonly string[]): GoRegExpSet {
  if (patterns.length === 0) return { patterns, match: () => null };
  const set = new RE2Set();
  for (const pattern of patterns) set.add(pattern);
  set.compile();
  return {
    patterns,
    match(input) {
      const found = set.match(input);
      return found.length === 0 ? null : (patterns[Math.min(...found)] ?? null);
    },
  };
}
