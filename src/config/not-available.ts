import type { Path } from "./findings.ts";
import { pathText } from "./findings.ts";
import type { Source } from "./source.ts";
import { isTable, valueAt } from "./tree.ts";

/** A key, or some values of it, whose feature this version does not have; delete the row when it has. `*` is any provider. */
interface Row {
  readonly key: string;
  readonly applies: (value: unknown) => boolean;
  readonly hint: string;
}

const rows: readonly Row[] = [
  {
    key: "listen.workers",
    applies: (value) => value !== 1,
    hint: "one process serves all; write workers = 1 or nothing",
  },
];

/** Reports every use of what comes in a later version: refused, since a key that is ignored is a wall that is not there. */
export function refuseUnavailable(source: Source): void {
  for (const row of rows) {
    for (const path of pathsOf(source, row.key.split("."))) {
      const value = valueAt(source.tree, path);
      if (value !== undefined && row.applies(value)) source.findings.error(path, "not available yet", row.hint);
    }
  }
}

/** Is what stands at `path` refused as not available? Later checks of the same key then keep quiet. */
export function isUnavailable(source: Source, path: Path): boolean {
  const text = pathText(path);
  return source.findings.all.some(
    (finding) => finding.message === "not available yet" && pathText(finding.path) === text,
  );
}

function pathsOf(source: Source, parts: readonly string[]): readonly Path[] {
  if (parts[1] !== "*") return [parts];
  const providers = valueAt(source.tree, ["providers"]);
  return isTable(providers) ? Object.keys(providers).map((slug) => ["providers", slug, ...parts.slice(2)]) : [];
}
