import { Failure } from "../core/failure.ts";

/** The code of an error of the operating system or SQLite (`ENOENT`, `SQLITE_BUSY`); null when it has none. */
export function codeOf(thrown: unknown): string | null {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : null;
}

/** An error as `Failure("store_unavailable")`; `subject` names the thing and its path. A Failure stays as it is. */
export function storeFailure(subject: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure("store_unavailable", `${subject}: ${message}`, { cause: thrown });
}

/** `storeFailure` for a store on a server; `place` contains neither user nor password. */
export function serverFailure({ place }: { readonly place: string }, thrown: unknown): Failure {
  return storeFailure(`session store "${place}"`, thrown);
}

/** A file or directory that is rejected for its owner or mode. `storeExitCode` returns 77 for it, as for a permission error. */
export function refusal(message: string): Failure {
  return new Failure("store_unavailable", message, { cause: Object.assign(new Error(message), { code: "EPERM" }) });
}

/** Error codes of the operating system and SQLite for a missing permission. */
const permissionCode = /^(EACCES|EPERM|EROFS|SQLITE_(READONLY|PERM|AUTH).*)$/;

/** The exit code for a store or state directory that cannot be used: 77 when a permission is missing, else 74 (spec: cli). */
export function storeExitCode(thrown: unknown): 74 | 77 {
  for (let link: unknown = thrown; link instanceof Error; link = link.cause) {
    if (permissionCode.test(codeOf(link) ?? "")) return 77;
  }
  return 74;
}
