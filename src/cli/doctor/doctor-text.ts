import { printable } from "../../core/printable.ts";
import type { Check, Section, Standing } from "../../doctor/check.ts";
import { paint } from "../terminal.ts";

const colours: Readonly<Record<Standing, string>> = { ok: "32", warn: "33", fail: "31", unknown: "36" };
const words: Readonly<Record<Standing, string>> = { ok: "ok", warn: "warn", fail: "FAIL", unknown: "?" };

/** The column in which texts begin, after the mark and the name. */
const textColumn = 23;
const longWordColumn = 8;

/** A section as text: a line for each check and one for its fix, wrapped at `columns`. */
export function sectionText({ title, checks }: Section, columns: number): string {
  return [paint("1", title, process.stdout), ...checks.map((check) => checkText(check, columns))].join("\n");
}

/** The counts of all checks, in one line. */
export function summaryText(checks: readonly Check[]): string {
  const count = (standing: Standing) => checks.filter((check) => check.standing === standing).length;
  const unknown = count("unknown");
  const counts = [
    `${count("ok")} ok`,
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
    `${count("warn")} ${count("warn") === 1 ? "warning" : "warnings"}`,
    `${count("fail")} ${count("fail") === 1 ? "failure" : "failures"}`,
  ];
  return counts.join(", ");
}

/** All sections as JSON. */
export function doctorJson(sections: readonly Section[], exit: number): string {
  const listed = sections.map(({ title, checks }) => ({
    title,
    checks: checks.map(({ name, standing, text, fix, cause }) => ({ name, standing, text, fix, cause })),
  }));
  return JSON.stringify({ exit, sections: listed }, null, 2);
}

function checkText({ name, standing, text, fix }: Check, columns: number): string {
  const mark = paint(colours[standing], words[standing].padEnd(4), process.stdout);
  const head = `  ${mark}  ${name.padEnd(textColumn - 8)}${indented(printable(text), textColumn, columns)}`;
  if (fix === null) return head;
  const arrow = paint("2", "->", process.stdout);
  return `${head}\n${" ".repeat(textColumn)}${arrow} ${indented(printable(fix), textColumn + 3, columns)}`;
}

/** Text from column `from` on, wrapped at `columns`. A word that does not fit stays whole, for copying, and begins further to the left. */
function indented(text: string, from: number, columns: number): string {
  let column = from;
  let shown = "";
  for (const word of text.split(" ")) {
    const width = Bun.stringWidth(word);
    const isFirst = shown === "";
    if (!isFirst && column + 1 + width > columns) {
      column = from + width > columns ? longWordColumn : from;
      shown += `\n${" ".repeat(column)}${word}`;
    } else {
      shown += isFirst ? word : ` ${word}`;
      column += isFirst ? 0 : 1;
    }
    column += width;
  }
  return shown;
}
