import { parse } from "smol-toml";

/** A row of tests/corpus/wire-*.toml. `id` is a row of the security plan. */
export interface WireRow {
  readonly id?: string;
  readonly rfc: string;
  readonly fact: string;
  readonly head?: readonly string[];
  readonly bytes?: string;
  readonly [expected: string]: unknown;
}

/** The rows of tests/corpus/`file`, each under its test's name. */
export async function wireRows(
  file: string,
): Promise<Readonly<Record<"accepted" | "refused", readonly (readonly [string, WireRow])[]>>> {
  const tables = parse(await Bun.file(`tests/corpus/${file}`).text());
  // Only tests read these files; a row of another shape fails its test
  const rowsOf = (table: string) =>
    ((tables[table] ?? []) as unknown as readonly WireRow[]).map((row) => [nameOf(row), row] as const);
  return { accepted: rowsOf("accepted"), refused: rowsOf("refused") };
}

function nameOf({ id, rfc, fact }: WireRow): string {
  const section = /^\d{4} /.test(rfc) ? `RFC ${rfc}` : `RFC 9112 ${rfc}`;
  return `${id === undefined ? "" : `${id}: `}${fact} (${section})`;
}

/** A row's bytes: one character of the file is one byte. */
export function bytesOf({ head, bytes }: WireRow): Buffer {
  return Buffer.from(bytes ?? `${(head ?? []).join("\r\n")}\r\n\r\n`, "latin1");
}

/** Every way to cut `length` bytes into two slices, and the cut into single bytes. */
export function cutsOf(length: number): readonly (readonly number[])[] {
  const offsets = Array.from({ length }, (_, index) => index + 1);
  return [...offsets.map((offset) => (offset === length ? [length] : [offset, length])), offsets];
}

/** The result of `read` after the last of `cuts`; it is called again with its own `searchedTo` while it is `incomplete`. */
export function readInSlices<Reading extends { readonly kind: string }>(
  cuts: readonly number[],
  read: (to: number, searchedTo: number) => Reading | { readonly kind: "incomplete"; readonly searchedTo: number },
): Reading | { readonly kind: "incomplete" } {
  let searchedTo = 0;
  for (const to of cuts) {
    const reading = read(to, searchedTo);
    if (!("searchedTo" in reading)) return reading;
    searchedTo = reading.searchedTo;
  }
  return { kind: "incomplete" };
}
