import type { Source } from "./file/source.ts";
import { valueAt } from "./file/tree.ts";

/** A key, or some values of it, whose feature this version does not have; delete the row when it has. */
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
    const path = row.key.split(".");
    const value = valueAt(source.tree, path);
    if (value !== undefined && row.applies(value)) source.findings.error(path, "not available yet", row.hint);
  }
}
