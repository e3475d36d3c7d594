import type { Findings, Path } from "../findings.ts";
import { isWritten, type Tree, valueAt } from "./tree.ts";

/** One config text on its way to a Config: what the file says, where it stands, and what was found wrong so far. */
export interface Source {
  readonly findings: Findings;
  readonly raw: Tree; //                           as written: `${VAR}` not expanded
  readonly tree: Tree; //                          expanded
  readonly directory: string; //                   absolute; relative paths are relative to it
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly credentialsDirectory: string | null;
  readonly inlineSecrets: Path[]; //               grows: secrets that stand in the file itself (CFG-05)
}

/** Does the file name this key? */
export function written(source: Source, path: Path): boolean {
  return isWritten(source.tree, path);
}

/**
 * The value at `path` as a message may show it: quoted as the file has it, so that what came out of an environment variable is
 * never shown, without the user part of a URL, and cut at 100 characters.
 */
export function quoted(source: Source, path: Path): string {
  const value = valueAt(source.raw, path);
  if (typeof value !== "string") return String(value);
  const bare = value.replace(/\/\/[^/?#]*@/g, "//…@");
  return JSON.stringify(bare.length > 100 ? `${bare.slice(0, 100)}…` : bare);
}
