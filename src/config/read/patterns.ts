import { z } from "zod";
import { checkGoRegExp, compileGoRegExps, type GoRegExpSet } from "../../goregexp/compile.ts";
import type { Source } from "../file/source.ts";
import { valueAt } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import type { Width } from "./pattern-width.ts";
import { addRemark, type Context } from "./text-type.ts";

/** One pattern, and its offset in its string (UTF-16 units). */
export interface PatternLine {
  readonly pattern: string;
  readonly offset: number;
}

/** One regex per line. A carriage return at the end of a line is removed, and blank lines are skipped. */
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

/** Compiled patterns in Go's RE2 syntax: a string with one per line, or a list. A wrong pattern is reported at its character. */
export function patterns() {
  return z.union([z.string(), z.array(z.string())]).transform((value, context): GoRegExpSet => {
    const written = linesOf(value, []);
    const good = written.filter(({ path, line }) => isGood(context, path, line));
    return compileGoRegExps(good.map(({ line }) => line.pattern));
  });
}

/** One pattern; `""` is null. */
export function pattern() {
  return z.string().transform((text, context): GoRegExpSet | null => {
    if (text === "") return null;
    if (text.includes("\n")) {
      addRemark(context, [], {
        message: "has a line break",
        hint: 'write one pattern per rule; combine several as "^/(?:a|b)/"',
      });
      return null;
    }
    return isGood(context, [], { pattern: text, offset: 0 }) ? compileGoRegExps([text]) : null;
  });
}

interface WrittenLine {
  readonly path: Path;
  readonly line: PatternLine;
}

function linesOf(value: unknown, path: Path): readonly WrittenLine[] {
  if (typeof value === "string") return patternLines(value).map((line) => ({ path, line }));
  return Array.isArray(value) ? value.flatMap((item, index) => linesOf(item, [...path, index])) : [];
}

/** Does the pattern compile? Reports it if not. */
function isGood(context: Context, path: Path, line: PatternLine): boolean {
  const bad = checkGoRegExp(line.pattern);
  if (bad === null) return true;
  addRemark(context, path, {
    message: `pattern ${JSON.stringify(line.pattern)}: ${bad.message} at offset ${bad.offset}`,
    hint: hintFor(line.pattern),
    spot: { kind: "character", offset: line.offset + bad.offset },
  });
  return false;
}

function hintFor(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) {
    return 'list the public prefixes instead, for example "^/api/public/", or list the protected paths in protect_path_regex; Go\'s regexp has no look-around; try it with: akproxy test-regex';
  }
  return "use Go's RE2 syntax; try it with: akproxy test-regex";
}

/** Warns of each `compiled` pattern at `path` that matches more, or less, than intended (PATH-09). */
export function warnWide(
  source: Source,
  path: Path,
  compiled: GoRegExpSet,
  widthOf: (pattern: string) => Width | null,
): void {
  for (const { path: at, line } of linesOf(valueAt(source.tree, path), path)) {
    const width = compiled.patterns.includes(line.pattern) ? widthOf(line.pattern) : null;
    if (width === null) continue;
    const message = `pattern ${JSON.stringify(line.pattern)} ${width.message}`;
    source.findings.warning(at, message, width.hint, { kind: "character", offset: line.offset });
  }
}
