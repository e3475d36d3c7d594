import { median } from "./percentile.ts";
import type { FigureCase, LoadCase, Run, Series } from "./shot.ts";

/** A case's runs as a Markdown table; ratios are taken round by round against the first server. */
export function loadTable(work: LoadCase, series: readonly Series[]): string {
  const [base] = series;
  const head = ["", `${work.unit}s a second`, "ratio", `CPU us a ${work.unit}`, "CPU ratio", "p50 ms", "p99 ms", "MiB"];
  return table(
    head,
    series.map((one) => rowOf(one, base ?? one)),
  );
}

function rowOf({ name, runs }: Series, base: Series): readonly string[] {
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  const ratios = (pick: (run: Run) => number) =>
    runs.flatMap((run, round) => {
      const other = base.runs[round];
      return other === undefined ? [] : [pick(run) / pick(other)];
    });
  return [
    name,
    Math.round(of(rate)).toLocaleString("en"),
    span(ratios(rate)),
    digits(of((run) => run.cpuMicroseconds)),
    span(ratios((run) => run.cpuMicroseconds)),
    of((run) => run.p50).toFixed(2),
    of((run) => run.p99).toFixed(2),
    Math.max(...runs.map((run) => run.residentMib)).toFixed(0),
  ];
}

const rate = ({ done, seconds }: Run): number => done / seconds;

/** Three digits that mean something. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `0.82 [0.79-0.91]`: the median, the least and the most. */
function span(values: readonly number[]): string {
  return `${median(values).toFixed(2)} [${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)}]`;
}

/** A case's figures as a Markdown table. */
export function figureTable(work: FigureCase, rows: readonly (readonly string[])[]): string {
  return table(["", ...work.columns], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_cell, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
