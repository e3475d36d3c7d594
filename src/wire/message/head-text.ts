/** The text of a head, or why there is none (yet). */
export type HeadText =
  | { readonly kind: "incomplete"; readonly searchedTo: number }
  | { readonly kind: "bare_line_feed" }
  | { readonly kind: "too_long"; readonly within: "first line" | "fields" }
  | { readonly kind: "text"; readonly text: string; readonly end: number };

/** The empty line that ends a head. */
const emptyLine = Buffer.from("\r\n\r\n");

/**
 * The head that begins at `start` of `bytes` and ends before `to`, as latin1 text: its lines, each with its CRLF, without the empty line;
 * `end` is the offset after that. `searchedTo` is the value that an earlier call for the same head returned, so that each byte is searched
 * once, however slowly the bytes arrive. A bare LF is reported at once: a client that sends those would never send the empty line.
 */
export function readHeadText(
  bytes: Buffer,
  start: number,
  to: number,
  searchedTo: number,
  mostBytes: number,
): HeadText {
  const readable = to === bytes.length ? bytes : bytes.subarray(0, to);
  const found = readable.indexOf(emptyLine, Math.max(start, searchedTo - 3));
  const end = found + 4;
  if (found !== -1 && end - start <= mostBytes) {
    return { kind: "text", text: bytes.toString("latin1", start, found + 2), end };
  }
  const within = readable.subarray(0, Math.min(to, start + mostBytes));
  if (hasBareLineFeed(within, Math.max(start, searchedTo))) return { kind: "bare_line_feed" };
  if (found === -1 && to - start <= mostBytes) return { kind: "incomplete", searchedTo: to };
  return { kind: "too_long", within: within.indexOf(0x0a, start) === -1 ? "first line" : "fields" };
}

/** Does the text of a head contain an LF without CR? Checked only for refused heads, so that the reason does not depend on how the bytes arrive. */
export function textHasBareLineFeed(text: string): boolean {
  return /(?:^|[^\r])\n/.test(text);
}

function hasBareLineFeed(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(0x0a, from); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at - 1] !== 0x0d) return true;
  }
  return false;
}
