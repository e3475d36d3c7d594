/**
 * For a TOML string as it stands in the file (quotes included): where each UTF-16 unit of its decoded value begins in that text,
 * and where the value ends. TOML 1.1 strings: basic, literal, and both in their multi-line forms.
 */
export function stringOffsets(token: string): readonly number[] {
  const quote = token.slice(0, 1);
  const multiline = token.startsWith(quote.repeat(3)) && token.length >= 6;
  const delimiter = multiline ? 3 : 1;
  const end = token.length - delimiter;
  let position = delimiter;
  if (multiline) position += /^\r?\n/.exec(token.slice(position))?.[0].length ?? 0;
  const offsets: number[] = [];
  while (position < end) {
    const escaped = quote === '"' && token[position] === "\\" ? escapeAt(token, position) : null;
    const units = escaped?.units ?? 1;
    for (let unit = 0; unit < units; unit++) offsets.push(position);
    position += escaped?.length ?? 1;
  }
  offsets.push(end);
  return offsets;
}

/** How long the escape at `position` is, and how many UTF-16 units it stands for; a line-ending backslash stands for none. */
function escapeAt(token: string, position: number): { readonly length: number; readonly units: number } {
  const rest = token.slice(position);
  const folded = /^\\[ \t]*\r?\n\s*/.exec(rest);
  if (folded !== null) return { length: folded[0].length, units: 0 };
  const hex = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U([0-9A-Fa-f]{8}))/.exec(rest);
  if (hex === null) return { length: 2, units: 1 };
  return { length: hex[0].length, units: Number.parseInt(hex[1] ?? "0", 16) > 0xffff ? 2 : 1 };
}
