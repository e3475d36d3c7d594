import type { AST } from "toml-eslint-parser";
import type { Path, Spot } from "../findings.ts";

/** Offsets in the text of a key and of its value. */
interface Entry {
  readonly key: number;
  readonly value: readonly [start: number, end: number];
}

/** Finds the line and the column of a spot; both count from 1. */
export type Locate = (path: Path, spot: Spot) => { readonly line: number; readonly column: number };

/**
 * Finds the places of the keys in a TOML text. A key that is absent has the place of the nearest table around it. The parser is loaded
 * only here, because a file without problems does not need it.
 */
export async function createLocate(text: string): Promise<Locate> {
  const { parseTOML } = await import("toml-eslint-parser");
  const entries = new Map<string, Entry>();
  // smol-toml accepted the text. If this parser does not, the problem is still reported, at line 1
  try {
    collect(parseTOML(text, { tomlVersion: "1.1" }).body[0], [], entries);
  } catch {
    entries.clear();
  }
  return (path, spot) => {
    if (spot.kind === "place") return spot;
    const entry = entries.get(keyOf(path));
    if (entry === undefined) return lineAndColumn(text, tableAround(entries, path));
    if (spot.kind === "key") return lineAndColumn(text, entry.key);
    const [start, end] = entry.value;
    if (spot.kind === "value") return lineAndColumn(text, start);
    return lineAndColumn(text, start + (stringOffsets(text.slice(start, end))[spot.offset] ?? 0));
  };
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}

function tableAround(entries: ReadonlyMap<string, Entry>, path: Path): number {
  for (let length = path.length - 1; length > 0; length--) {
    const entry = entries.get(keyOf(path.slice(0, length)));
    if (entry !== undefined) return entry.value[0];
  }
  return 0;
}

type Container = AST.TOMLTopLevelTable | AST.TOMLTable | AST.TOMLInlineTable;

function collect(container: Container, base: Path, entries: Map<string, Entry>): void {
  for (const node of container.body) {
    if (node.type === "TOMLTable") {
      note(entries, node.resolvedKey, node.key.keys, node.range);
      collect(node, node.resolvedKey, entries);
    } else {
      const path = [...base, ...node.key.keys.map(nameOf)];
      note(entries, path, node.key.keys, node.value.range);
      collectValue(node.value, path, entries);
    }
  }
}

/** Notes the place of a key, and of each table that a dotted key opens. The place of a header is that of its last key. */
function note(
  entries: Map<string, Entry>,
  path: Path,
  keys: AST.TOMLKey["keys"],
  value: readonly [number, number],
): void {
  const names = path.filter((part) => typeof part === "string").length;
  let seen = names - keys.length;
  let depth = path.length;
  for (let index = 0, strings = 0; index < path.length; index++) {
    if (typeof path[index] === "string") strings++;
    if (strings > seen) {
      depth = index;
      break;
    }
  }
  for (let index = depth; index < path.length; index++) {
    if (typeof path[index] === "string") seen++;
    const key = keys[seen - (names - keys.length) - 1];
    const at = keyOf(path.slice(0, index + 1));
    if (key !== undefined && (index === path.length - 1 || !entries.has(at))) {
      entries.set(at, { key: key.range[0], value: [value[0], value[1]] });
    }
  }
}

function collectValue(value: AST.TOMLContentNode, path: Path, entries: Map<string, Entry>): void {
  if (value.type === "TOMLInlineTable") collect(value, path, entries);
  if (value.type !== "TOMLArray") return;
  value.elements.forEach((element, index) => {
    const inner = [...path, index];
    entries.set(keyOf(inner), { key: element.range[0], value: element.range });
    collectValue(element, inner, entries);
  });
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

/**
 * For a TOML string as written in the file, with its quotes: the offset of each UTF-16 unit of the decoded value, and of the end of the
 * value. Reads all strings of TOML 1.1: basic, literal, and the multi-line form of both.
 */
export function stringOffsets(token: string): readonly number[] {
  const quote = token.slice(0, 1);
  const multiline = token.startsWith(quote.repeat(3)) && token.length >= 6;
  const delimiter = multiline ? 3 : 1;
  const end = token.length - delimiter;
  let position = delimiter;
  if (multiline) position += /^\r?\n/.exec(token.slice(position))?.[0].length ?? 0;
  const offsets: number[] = [];
  while (position < end) {
    const escaped = quote === '"' && token[position] === "\\" ? escapeAt(token, position) : null;
    const units = escaped?.units ?? 1;
    for (let unit = 0; unit < units; unit++) offsets.push(position);
    position += escaped?.length ?? 1;
  }
  offsets.push(end);
  return offsets;
}

/** The length of the escape at `position`, and the number of UTF-16 units it decodes to: 0 for a backslash at the end of a line. */
function escapeAt(token: string, position: number): { readonly length: number; readonly units: number } {
  const rest = token.slice(position);
  const folded = /^\\[ \t]*\r?\n\s*/.exec(rest);
  if (folded !== null) return { length: folded[0].length, units: 0 };
  const hex = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U([0-9A-Fa-f]{8}))/.exec(rest);
  if (hex === null) return { length: 2, units: 1 };
  return { length: hex[0].length, units: Number.parseInt(hex[1] ?? "0", 16) > 0xffff ? 2 : 1 };
}
