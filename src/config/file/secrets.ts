import type { Path } from "../findings.ts";
import { readNamedFile } from "./named-file.ts";
import type { Source } from "./source.ts";
import { valueAt } from "./tree.ts";

/** A secret and the key that gave it, for messages about it. */
export interface Secret {
  readonly value: string;
  readonly path: Path;
}

/**
 * The secrets that `table.key` or its twin `table.key_file` gives, each a text or a list of texts; none when neither is written or
 * both are empty. Both at once is an error (spec: reading rules).
 */
export function readSecrets(source: Source, table: Path, key: string): readonly Secret[] {
  const path = [...table, key];
  const filePath = [...table, `${key}_file`];
  const inline = texts(valueAt(source.tree, path), path);
  const files = texts(valueAt(source.tree, filePath), filePath);
  if (inline.length > 0 && files.length > 0) {
    source.findings.error(filePath, `${key} and ${key}_file are both given`, "keep one of them");
  }
  for (const secret of inline) noteInline(source, secret.path);
  noteEmptied(source, path);
  noteEmptied(source, filePath);
  const fromFiles = files.flatMap(({ value: name, path: at }) => {
    const text = readNamedFile(source, at, name, "secret");
    return text === null ? [] : [{ value: text.replace(/\r?\n$/, ""), path: at }];
  });
  return [...inline, ...fromFiles];
}

function texts(value: unknown, path: Path): readonly Secret[] {
  if (typeof value === "string") return value === "" ? [] : [{ value, path }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index) => texts(item, [...path, index]));
}

/** A secret made of variables alone is not in the file. */
function noteInline(source: Source, path: Path): void {
  const raw = valueAt(source.raw, path);
  if (typeof raw === "string" && !/^\$\{[A-Za-z_]\w*\}$/.test(raw)) source.inlineSecrets.push(path);
}

/**
 * `client_secret = "${X}"` with an empty X would quietly make a public client, and an empty entry of a list would quietly be none:
 * both are slips. `${X:-}` says that empty is meant.
 */
function noteEmptied(source: Source, path: Path): void {
  const value = valueAt(source.tree, path);
  if (Array.isArray(value)) for (const index of value.keys()) noteEmptied(source, [...path, index]);
  if (value !== "") return;
  const raw = valueAt(source.raw, path);
  const isMeant = typeof path.at(-1) === "string" && (raw === "" || String(raw).includes(":-"));
  if (!isMeant) source.findings.error(path, "is empty", "set its variable or write its value, or remove it");
}
