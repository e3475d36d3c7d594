import type { HeaderLines } from "../../core/http/header-lines.ts";
import { printable } from "../../core/printable.ts";
import { paint } from "../terminal.ts";

/** A step of an explanation: a word, and lines beside it. The colour is the first word's. */
export interface Row {
  readonly label: string;
  readonly lines: readonly string[];
  readonly sgr: string | null;
}

const labelWidth = 10;
const lineWidth = 80;

/** A row whose text is folded at spaces to fit a terminal of 80 columns. */
export function foldedRow(label: string, text: string, sgr: string | null = null): Row {
  return { label, lines: folded(printable(text), lineWidth - labelWidth - 2), sgr };
}

/** Rows below each other, their texts in one column. */
export function rowsText(rows: readonly Row[]): string {
  return rows
    .flatMap(({ label, lines, sgr }) =>
      lines.map((line, index) => {
        const begin = index === 0 ? paint("2", label.padEnd(labelWidth), process.stdout) : " ".repeat(labelWidth);
        return `  ${begin}${index === 0 && sgr !== null ? coloured(line, sgr) : line}`.trimEnd();
      }),
    )
    .join("\n");
}

/** Header lines, two spaces in. What has no value is still sent. */
export function headerRows(lines: HeaderLines): readonly string[] {
  return lines.map(([name, value]) => `  ${name}: ${printable(value)}`.trimEnd());
}

/** Lines of at most `width` columns where spaces allow it; what is longer than a line stays whole. */
export function folded(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && Bun.stringWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function coloured(line: string, sgr: string): string {
  const end = line.search(/[: ]|$/);
  return paint(sgr, line.slice(0, end), process.stdout) + line.slice(end);
}
