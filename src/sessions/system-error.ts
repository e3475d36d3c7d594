import { Failure } from "../core/failure.ts";

/** The code of something the system or SQLite threw (`ENOENT`, `SQLITE_BUSY`); null when it has none. */
export function codeOf(thrown: unknown): string | null {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : null;
}

/** What was thrown, as a broken store: `subject` names the thing and its path. A Failure stays as it is. */
export function storeFailure(subject: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure("store_unavailable", `${subject}: ${message}`, { cause: thrown });
}

/** A refusal on grounds of ownership or mode; `storeExitCode` answers 77 to it as to the system's own. */
export function refusal(message: string): Failure {
  return new Failure("store_unavailable", message, { cause: Object.assign(new Error(message), { code: "EPERM" }) });
}
