import type { Path } from "../findings.ts";

/** A parsed TOML document before it is checked: tables without prototype, arrays and scalars. */
export type Tree = { [key: string]: unknown };

/** Is `value` a TOML table? Dates and arrays are not. */
export function isTable(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The value at `path`; undefined if a part of the path is absent. Uses own keys only. */
export function valueAt(tree: unknown, path: Path): unknown {
  let current: unknown = tree;
  for (const part of path) {
    if (Array.isArray(current)) current = current[Number(part)];
    else if (isTable(current) && Object.hasOwn(current, part)) current = current[part];
    else return undefined;
  }
  return current;
}

/** Does the tree have the key at `path`? */
export function isWritten(tree: unknown, path: Path): boolean {
  return valueAt(tree, path) !== undefined;
}

/** Removes the key at `path`. A path into an array removes the whole array, so that indices of other problems stay correct. */
export function removeAt(tree: Tree, path: Path): void {
  const firstIndex = path.findIndex((part) => typeof part === "number");
  const keys = firstIndex === -1 ? path : path.slice(0, firstIndex);
  const parent = valueAt(tree, keys.slice(0, -1));
  const last = keys.at(-1);
  if (isTable(parent) && last !== undefined) delete parent[last];
}

/** A copy with every string `text` at `path` replaced by `change(text, path)`; tables keep no prototype. */
export function mapStrings(value: unknown, change: (text: string, path: Path) => string, path: Path = []): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((item, index) => mapStrings(item, change, [...path, index]));
  if (!isTable(value)) return value;
  const copy: Tree = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = mapStrings(item, change, [...path, key]);
  return copy;
}

/** Removes every `__proto__` key, and returns their paths (CFG-08). */
export function removePrototypeKeys(value: unknown, path: Path = []): readonly Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => removePrototypeKeys(item, [...path, index]));
  if (!isTable(value)) return [];
  const own = Object.hasOwn(value, "__proto__") ? [[...path, "__proto__"]] : [];
  Reflect.deleteProperty(value, "__proto__");
  return [...own, ...Object.entries(value).flatMap(([key, item]) => removePrototypeKeys(item, [...path, key]))];
}

/** Are tables and lists nested more than `limit` levels deep? Does not recurse, since the nesting could overflow the stack. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= limit; depth++) {
    level = level.flatMap((item) => (Array.isArray(item) ? item : isTable(item) ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}
