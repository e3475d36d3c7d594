/** What the system and SQLite call a lack of permission. */
const permissionCode = /^(EACCES|EPERM|EROFS|SQLITE_(READONLY|PERM|AUTH).*)$/;

/** The exit code for a store or state directory that cannot be used: 77 where permission is what lacks, else 74 (spec: cli). */
export function storeExitCode(thrown: unknown): 74 | 77 {
  for (let link: unknown = thrown; link instanceof Error; link = link.cause) {
    if ("code" in link && permissionCode.test(String(link.code))) return 77;
  }
  return 74;
}
