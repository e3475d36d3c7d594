import type { Path } from "../findings.ts";
import { readNamedFile } from "./named-file.ts";
import type { Source } from "./source.ts";
import { valueAt } from "./tree.ts";

/** A secret, and the key that it came from, for messages. */
export interface Secret {
  readonly value: string;
  readonly path: Path;
}

/**
 * The secrets of `table.key` or of `table.key_file`; each key has one string or a list. Empty if neither key is given or both are empty.
 * Both at once is an error (spec: reading rules).
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

/** Remembers a secret that is in the config file itself. One that is only a variable is not. */
function noteInline(source: Source, path: Path): void {
  const raw = valueAt(source.raw, path);
  if (typeof raw === "string" && !/^\$\{[A-Za-z_]\w*\}$/.test(raw)) source.inlineSecrets.push(path);
}

/**
 * Reports a secret that an empty variable made empty: `client_secret = "${X}"` would silently become a public client, and an empty entry
 * of a list would silently disappear. `${X:-}` says that empty is intended.
 */
function noteEmptied(source: Source, path: Path): void {
  const value = valueAt(source.tree, path);
  if (Array.isArray(value)) for (const index of value.keys()) noteEmptied(source, [...path, index]);
  if (value !== "") return;
  const raw = valueAt(source.raw, path);
  const isMeant = typeof path.at(-1) === "string" && (raw === "" || String(raw).includes(":-"));
  if (!isMeant) source.findings.error(path, "is empty", "set its variable or write its value, or remove it");
}
