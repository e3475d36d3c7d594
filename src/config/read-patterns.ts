import { checkGoRegExp, compileGoRegExps, type GoRegExpSet } from "../goregexp/compile.ts";
import { isAnchored } from "./anchored.ts";
import type { Path } from "./findings.ts";
import type { Source } from "./source.ts";
import { valueAt } from "./tree.ts";

/** One pattern of a list of lines, and where it begins in its string (UTF-16 units). */
export interface PatternLine {
  readonly pattern: string;
  readonly offset: number;
}

/** A regex a line; a carriage return at a line's end is dropped, and a blank line is nothing. */
export function patternLines(text: string): readonly PatternLine[] {
  const lines: PatternLine[] = [];
  let offset = 0;
  for (const line of text.split("\n")) {
    const pattern = line.replace(/\r$/, "");
    if (pattern.trim() !== "") lines.push({ pattern, offset });
    offset += line.length + 1;
  }
  return lines;
}

/** The patterns of `skip_path_regex` or `protect_path_regex` of provider `slug`, compiled; bad ones are reported at their character. */
export function readPatterns(source: Source, slug: string, key: "skip_path_regex" | "protect_path_regex"): GoRegExpSet {
  const path = ["providers", slug, key];
  const good: string[] = [];
  for (const text of textsAt(source, path)) {
    for (const line of patternLines(text.value)) {
      if (reportBad(source, slug, text.path, line)) continue;
      good.push(line.pattern);
      if (key === "skip_path_regex") warnWide(source, text.path, line);
    }
  }
  return compileGoRegExps(good);
}

function textsAt(source: Source, path: Path): readonly { readonly value: string; readonly path: Path }[] {
  const value = valueAt(source.tree, path);
  if (typeof value === "string") return [{ value, path }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => (typeof item === "string" ? [{ value: item, path: [...path, index] }] : []));
}

/** Says whether the pattern is bad, having reported it. */
function reportBad(source: Source, slug: string, path: Path, line: PatternLine): boolean {
  const bad = checkGoRegExp(line.pattern);
  if (bad === null) return false;
  source.findings.error(
    path,
    `provider "${slug}": pattern ${JSON.stringify(line.pattern)}: ${bad.message} at offset ${bad.offset}`,
    hintFor(line.pattern),
    { kind: "character", offset: line.offset + bad.offset },
  );
  return true;
}

function hintFor(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) {
    return 'Go\'s regexp has no look-around: list the public prefixes instead, for example "^/api/public/", or name what stays closed in protect_path_regex; try it with: akproxy test-regex';
  }
  return "patterns are Go's RE2 syntax; try it with: akproxy test-regex";
}

/** PATH-09: a pattern is searched for anywhere, so one without `^` opens more than it seems to. */
function warnWide(source: Source, path: Path, line: PatternLine): void {
  const width = widthOf(line.pattern);
  if (width === null) return;
  const shown = `pattern ${JSON.stringify(line.pattern)}`;
  source.findings.warning(path, `${shown} ${width.message}`, width.hint, { kind: "character", offset: line.offset });
}

/** A path that nobody names: a pattern that finds it finds anything. */
const nobodysPath = "/zq7f3a9c/x";

function widthOf(pattern: string): { readonly message: string; readonly hint: string } | null {
  const set = compileGoRegExps([pattern]);
  const matchesStart = set.match("") !== null || set.match("/") !== null;
  if (matchesStart && set.match(nobodysPath) !== null) {
    return { message: "matches everything: every path is public", hint: "begin it with ^ and name a path" };
  }
  if (matchesStart)
    return { message: 'matches "/": the start page is public', hint: "if that is not meant, name a path" };
  if (pattern.trim() !== pattern) {
    return { message: "begins or ends with a space, which a path has to have too", hint: "take the space away" };
  }
  if (isAnchored(pattern)) return null;
  const message = 'is not anchored: it also matches in the middle of a path, as in "/admin/…"';
  return { message, hint: "begin it with ^" };
}
