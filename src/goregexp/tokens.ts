/** One token of a pattern as Go's parser reads it: its kind, its offset (UTF-16 units) and its text. */
export interface PatternToken {
  readonly kind: "open" | "close" | "dot" | "class" | "escape" | "literal" | "operator";
  readonly offset: number;
  readonly text: string; //                        of a literal or an escape of punctuation: the character it stands for
}

/**
 * The tokens of a pattern, to point at a place in it. Text in a class, in `\Q…\E` or after a backslash is not syntax (Go: regexp/syntax). Works
 * for patterns that do not compile too; it does not validate.
 */
export function patternTokens(pattern: string): readonly PatternToken[] {
  const tokens: PatternToken[] = [];
  let offset = 0;
  while (offset < pattern.length) {
    const quoteEnd = pattern.startsWith("\\Q", offset) ? endOfQuote(pattern, offset) : -1;
    if (quoteEnd !== -1) {
      tokens.push(...quotedLiterals(pattern, offset + 2));
      offset = quoteEnd;
      continue;
    }
    const token = tokenAt(pattern, offset);
    tokens.push(token.value);
    offset = token.end;
  }
  return tokens;
}

function endOfQuote(pattern: string, start: number): number {
  const end = pattern.indexOf("\\E", start + 2);
  return end === -1 ? pattern.length : end + 2;
}

function quotedLiterals(pattern: string, start: number): PatternToken[] {
  const end = pattern.indexOf("\\E", start);
  return [...pattern.slice(start, end === -1 ? undefined : end)].map((text, index) => ({
    kind: "literal",
    offset: start + index,
    text,
  }));
}

function tokenAt(pattern: string, offset: number): { readonly value: PatternToken; readonly end: number } {
  const text = pattern.charAt(offset);
  if (text === "\\") {
    const next = pattern.charAt(offset + 1);
    const kind = /^[a-zA-Z0-9]$/.test(next) ? "escape" : "literal";
    return { value: { kind, offset, text: next }, end: offset + 2 };
  }
  if (text === "[") {
    const end = endOfClass(pattern, offset);
    return { value: { kind: "class", offset, text: pattern.slice(offset, end) }, end };
  }
  return { value: { kind: plainKind(text), offset, text }, end: offset + 1 };
}

function plainKind(text: string): PatternToken["kind"] {
  if (text === "(") return "open";
  if (text === ")") return "close";
  if (text === ".") return "dot";
  return "|*+?^$".includes(text) ? "operator" : "literal";
}

function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern.charAt(at) === "^") at += 1;
  if (pattern.charAt(at) === "]") at += 1; // Go: a `]` that comes first is a member
  while (at < pattern.length && pattern.charAt(at) !== "]") {
    const named = pattern.startsWith("[:", at) ? pattern.indexOf(":]", at + 2) : -1;
    if (named !== -1) at = named + 2;
    else at += pattern.charAt(at) === "\\" ? 2 : 1;
  }
  return Math.min(at + 1, pattern.length);
}
