/**
 * The rules of the output. Only results go to stdout. Diagnostics go to stderr; each line begins with `akproxy: error:`,
 * `akproxy: warning:` or `akproxy: hint:`, is in lower case and has no full stop. Colour is for terminals only, and never with NO_COLOR.
 * A command sets its exit code by `finish(code)`; only main.ts ends the process.
 */

/** 0 success, 1 a check found a problem, 2 usage, 69 unreachable, 70 internal error, 74 I/O, 77 permission, 78 config unusable (spec: cli). */
export type ExitCode = 0 | 1 | 2 | 69 | 70 | 74 | 77 | 78;

/** Writes one result and a line feed to stdout. */
export function out(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line to stderr without a prefix, for text with a form of its own, such as a config problem. */
export function err(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints an error, and the next action if there is one. */
export function error(message: string, hint: string | null = null): void {
  err(`${paint("31", "akproxy: error:", process.stderr)} ${message}`);
  if (hint !== null) err(`${paint("36", "akproxy: hint:", process.stderr)} ${hint}`);
}

/** Prints a warning, and the next action if there is one. */
export function warning(message: string, hint: string | null = null): void {
  err(`${paint("33", "akproxy: warning:", process.stderr)} ${message}`);
  if (hint !== null) err(`${paint("36", "akproxy: hint:", process.stderr)} ${hint}`);
}

/** `text` in an SGR colour if `stream` is a terminal with colour (no-color.org). */
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
