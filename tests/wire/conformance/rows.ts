import { parse } from "smol-toml";
import type { ConformanceRow } from "./run.ts";

/** The rows of tests/corpus/wire-conformance.toml, each under its test's name. */
export async function conformanceRows(): Promise<readonly (readonly [name: string, row: ConformanceRow])[]> {
  const { row } = parse(await Bun.file(new URL("../../corpus/wire-conformance.toml", import.meta.url)).text());
  // Only this table's readers read it; a row of another shape fails its test.
  return (row as unknown as readonly ConformanceRow[]).map((each) => [nameOf(each), each] as const);
}

function nameOf({ id, fact, rfc }: ConformanceRow): string {
  return `${id === undefined ? "" : `${id}: `}${fact} (RFC ${rfc})`;
}
