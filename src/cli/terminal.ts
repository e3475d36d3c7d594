/**
 * The rules of our output. Results go to stdout and nothing else does. Diagnostics go to stderr, each line begun by
 * `akproxy: error:`, `akproxy: warning:` or `akproxy: hint:`, lower case, without a full stop. Colour only on a terminal
 * and never with NO_COLOR. A command ends by `finish(code)`; only main.ts ends the process.
 */

/** 0 fine; 1 checked and found bad; 2 usage; 69 unreachable; 70 a bug; 74 I/O; 77 permission; 78 config unusable (spec: cli). */
export type ExitCode = 0 | 1 | 2 | 69 | 70 | 74 | 77 | 78;

/** Writes one result to stdout, ended by a line feed. */
export function out(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line to stderr as it is; for text that carries its own form, such as a config problem. */
export function err(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Reports what went wrong, and when given the next action. */
export function error(message: string, hint: string | null = null): void {
  err(`${paint("31", "akproxy: error:", process.stderr)} ${message}`);
  if (hint !== null) err(`${paint("36", "akproxy: hint:", process.stderr)} ${hint}`);
}

/** Reports what works but should not stay as it is. */
export function warning(message: string, hint: string | null = null): void {
  err(`${paint("33", "akproxy: warning:", process.stderr)} ${message}`);
  if (hint !== null) err(`${paint("36", "akproxy: hint:", process.stderr)} ${hint}`);
}

/** `text` in an SGR colour when `stream` is a terminal that wants colour (no-color.org). */
export function paint(sgr: string, text: string, stream: { readonly isTTY?: boolean }): string {
  const wanted = stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return wanted ? `\u001b[${sgr}m${text}\u001b[0m` : text;
}

/** Sets the exit code of the process; main.ts ends it. */
export function finish(code: ExitCode | 130 | 143): void {
  process.exitCode = code;
}

/** All of standard input as text. */
export function readStdin(): Promise<string> {
  return Bun.stdin.text();
}
