/**
 * Does every alternative of this Go regex begin at the start of the text (`^`, `\A`)? A pattern without is searched for anywhere
 * (PATH-09). Reads only as much of the syntax as that takes; the pattern is known to compile.
 */
export function isAnchored(pattern: string): boolean {
  return alternativesOf(pattern).every(beginsAtStart);
}

function beginsAtStart(alternative: string): boolean {
  const rest = alternative.replace(/^(?:\(\?[imsU-]+\))+/, "");
  if (/^(?:\^|\\A)(?![?*]|\{0)/.test(rest)) return true;
  if (!rest.startsWith("(")) return false;
  const end = groupEnd(rest);
  const inner = rest.slice(0, end).replace(/^\((?:\?(?:P?<\w+>|[imsU-]*:))?/, "");
  return !/^(?:[?*]|\{0)/.test(rest.slice(end + 1)) && isAnchored(inner);
}

/** The parts between the `|` that are in no group and no class. */
function alternativesOf(pattern: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { at, token } of tokensOf(pattern)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (token === "|" && depth === 0) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, pattern.slice(start)];
}

/** Where the group that begins `text` is closed. */
function groupEnd(text: string): number {
  let depth = 0;
  for (const { at, token } of tokensOf(text)) {
    if (token === "(") depth++;
    else if (token === ")" && --depth === 0) return at;
  }
  return text.length;
}

/** Escapes, `\Q…\E` and classes as one token each, anything else a character. */
function tokensOf(pattern: string): readonly { readonly at: number; readonly token: string }[] {
  const token = /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]/g;
  return [...pattern.matchAll(token)].map((match) => ({ at: match.index, token: match[0] }));
}
