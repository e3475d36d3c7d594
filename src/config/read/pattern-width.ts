import { compileGoRegExps } from "../../goregexp/compile.ts";
import { type PatternToken, patternTokens } from "../../goregexp/tokens.ts";

/** Why a public pattern matches more, or less, than intended. `message` follows the quoted pattern. */
export interface Width {
  readonly message: string;
  readonly hint: string;
}

/** A path that no application has: a pattern that matches it matches everything. */
const unlikelyPath = "/zq7f3a9c/x";

/** PATH-09 for a pattern that is searched in the path; null: no warning. */
export function pathWidth(pattern: string): Width | null {
  const set = compileGoRegExps([pattern]);
  const matchesStart = set.match("") !== null || set.match("/") !== null;
  if (matchesStart && set.match(unlikelyPath) !== null) {
    return { message: "matches everything: every path is public", hint: "start it with ^ and a path" };
  }
  if (matchesStart) {
    return {
      message: 'matches "/": the start page is public',
      hint: "name a longer path, unless the start page is meant to be public",
    };
  }
  if (pattern.trim() !== pattern) {
    return {
      message: "begins or ends with a space, so it matches only paths with that space",
      hint: "remove the space",
    };
  }
  if (isAnchored(pattern)) return null;
  const message = 'is not anchored: it also matches in the middle of a path, as in "/admin/…"';
  return { message, hint: "start it with ^" };
}

/** PATH-09 for a pattern that is searched in the whole URL with its query (forward_domain; decision 13); null: no warning. */
export function urlWidth(pattern: string): Width | null {
  const set = compileGoRegExps([pattern]);
  if (set.match("https://zq7f3a9c.invalid/x") !== null) {
    return { message: "matches everything: every URL is public", hint: "start it with ^https://HOST/" };
  }
  if (!isAnchored(pattern)) {
    const message = 'is not anchored: it also matches in a query, as in "/admin?…"';
    return { message, hint: "start it with ^https://HOST/" };
  }
  if (/^(?:\(\?[imsU]+\))?(?:\^|\\A)\//.test(pattern)) {
    const hint = "write ^https://HOST/… here: in forward_domain the whole URL is searched";
    return { message: "matches nothing: no URL begins with a slash", hint };
  }
  return dotWidth(patternTokens(pattern));
}

/** Warns of an unescaped dot: in the host it matches a letter of another domain, and repeated it matches into the query. */
function dotWidth(tokens: readonly PatternToken[]): Width | null {
  const slashes = tokens.findIndex((_, at) => [0, 1, 2].every((n) => tokens[at + n]?.text === "://"[n]));
  const pathStart = slashes === -1 ? -1 : tokens.findIndex((token, at) => at > slashes + 2 && token.text === "/");
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== "dot") continue;
    const isRepeated = ["*", "+"].includes(tokens[at + 1]?.text ?? "");
    if (isRepeated && goesOn(tokens.slice(at + 2))) {
      const message = `has a repeated "." at offset ${token.offset}, which reaches into the query, as in "/admin?…"`;
      return { message, hint: "write [^/?]+ for a part of the host or path, [^?]* for any path" };
    }
    if (!isRepeated && slashes !== -1 && (pathStart === -1 || at < pathStart)) {
      const message = `has an unescaped "." in its host at offset ${token.offset}, which matches any character`;
      return { message, hint: "write \\. for the dot (in TOML best in single quotes)" };
    }
  }
  return null;
}

/** Must the pattern match something more after these repetition marks and closing brackets? */
function goesOn(tokens: readonly PatternToken[]): boolean {
  const next = tokens.find((token) => token.kind !== "close" && token.text !== "?" && token.text !== "$");
  return next !== undefined && next.text !== "|";
}

/**
 * Does every alternative of this Go regex start at the start of the text (`^`, `\A`)? A pattern without it matches anywhere (PATH-09).
 * Parses only the syntax that this needs; the pattern is known to compile.
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

/** The alternatives: the parts between each `|` that is not in a group or a class. */
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

/** The offset of the bracket that closes the group at the start of `text`. */
function groupEnd(text: string): number {
  let depth = 0;
  for (const { at, token } of tokensOf(text)) {
    if (token === "(") depth++;
    else if (token === ")" && --depth === 0) return at;
  }
  return text.length;
}

/** Each escape, `\Q…\E` and class is one token; every other character is one too. */
function tokensOf(pattern: string): readonly { readonly at: number; readonly token: string }[] {
  const token = /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]/g;
  return [...pattern.matchAll(token)].map((match) => ({ at: match.index, token: match[0] }));
}
