import { RE2JS, RE2JSSyntaxException, RE2Set } from "re2js";

/** A pattern in Go's RE2 syntax that does not compile: Go's own message, and where in the pattern (UTF-16 units, from 0). */
export interface GoRegExpError {
  readonly message: string;
  readonly offset: number;
}

/** Several patterns searched (unanchored, as Go's `MatchString`) at once, in linear time. */
export interface GoRegExpSet {
  readonly patterns: readonly string[];
  /** The first pattern, in order, that is found in `input`; null when none is. */
  match(input: string): string | null;
}

/** Says what is wrong with `pattern` by Go's regexp/syntax; null when it compiles. */
export function checkGoRegExp(pattern: string): GoRegExpError | null {
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const fragment = error.input ?? "";
    const at = fragment === "" ? -1 : pattern.indexOf(fragment);
    return { message: error.message, offset: at === -1 ? Math.max(0, pattern.length - 1) : at };
  }
}

/** Compiles patterns that `checkGoRegExp` accepts; one that it does not accept throws. */
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
