/** An error or a warning about the config file. `message` and `hint` never contain the value of a secret. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly path: string; //                        dotted, with [n] for arrays: providers.app.skip_path_regex[1]
  readonly message: string;
  readonly hint: string | null; //                 the next action
  readonly place: Place;
}

/** A place in a text file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `FILE:LINE:COLUMN: error: PATH: MESSAGE`, and a line `hint: …` when the problem has a hint (spec: reading rules). */
export function problemText(problem: Problem): string {
  const { file, line, column } = problem.place;
  const subject = problem.path === "" ? "" : `${problem.path}: `;
  const first = `${file}:${line}:${column}: ${problem.severity}: ${subject}${problem.message}`;
  return problem.hint === null ? first : `${first}\n  hint: ${problem.hint}`;
}
