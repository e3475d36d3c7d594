import type { Findings, Path } from "../findings.ts";
import { isWritten, type Tree, valueAt } from "./tree.ts";

/** One config text while it is read: its content, its surroundings and the problems found so far. */
export interface Source {
  readonly findings: Findings;
  readonly raw: Tree; //                           as written, before expansion
  readonly tree: Tree; //                          after expansion
  readonly directory: string; //                   absolute; relative paths are relative to it
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly credentialsDirectory: string | null;
  readonly inlineSecrets: Path[]; //               grows: keys of secrets that are in the file itself (CFG-05)
}

/** Does the file have this key? */
export function written(source: Source, path: Path): boolean {
  return isWritten(source.tree, path);
}

/**
 * The value at `path` for a message: quoted, as written in the file, so that a value from an environment variable is never shown. The user
 * name and password of a URL are left out, and the text is cut at 100 characters.
 */
export function quoted(source: Source, path: Path): string {
  const value = valueAt(source.raw, path);
  if (typeof value !== "string") return String(value);
  const bare = value.replace(/\/\/[^/?#]*@/g, "//…@");
  return JSON.stringify(bare.length > 100 ? `${bare.slice(0, 100)}…` : bare);
}
