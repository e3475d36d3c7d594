import { checkGoRegExp, compileGoRegExps, type GoRegExpSet } from "../../goregexp/compile.ts";
import type { Source } from "../file/source.ts";
import { valueAt } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import { pathWidth, urlWidth, type Width } from "./pattern-width.ts";

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

type PatternKey = "skip_path_regex" | "protect_path_regex" | "groups_filter";

/** The patterns of a key of provider `slug`, compiled; bad ones are reported at their character. */
export function readPatterns(source: Source, slug: string, key: PatternKey): GoRegExpSet {
  const path = ["providers", slug, key];
  const isOfUrls = valueAt(source.tree, ["providers", slug, "mode"]) === "forward_domain";
  const widthOf = isOfUrls ? urlWidth : pathWidth;
  const good: string[] = [];
  for (const text of textsAt(source, path)) {
    for (const line of patternLines(text.value)) {
      if (reportBad(source, slug, text.path, line)) continue;
      good.push(line.pattern);
      if (key === "skip_path_regex") warnWide(source, text.path, line, widthOf(line.pattern));
    }
  }
  return compileGoRegExps(good);
}

/** The `path_regex` of a rule, or null when it has none. One that opens is warned about as a public pattern is. */
export function readPattern(source: Source, slug: string, path: Path, effect: "opens" | "guards"): GoRegExpSet | null {
  const pattern = valueAt(source.tree, path);
  if (typeof pattern !== "string" || pattern === "") return null;
  const line = { pattern, offset: 0 };
  if (pattern.includes("\n")) {
    const hint = 'one pattern a rule; several are "^/(?:a|b)/"';
    source.findings.error(path, "has a line break", hint);
    return null;
  }
  if (reportBad(source, slug, path, line)) return null;
  if (effect === "opens") warnWide(source, path, line, pathWidth(pattern));
  return compileGoRegExps([pattern]);
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

function warnWide(source: Source, path: Path, line: PatternLine, width: Width | null): void {
  if (width === null) return;
  const shown = `pattern ${JSON.stringify(line.pattern)}`;
  source.findings.warning(path, `${shown} ${width.message}`, width.hint, { kind: "character", offset: line.offset });
}
