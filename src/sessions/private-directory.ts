import { constants, lstatSync, mkdirSync, statSync } from "node:fs";
import { refusal, storeFailure } from "./store-failure.ts";

/** Part of a file's status: type with permissions, and owner. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/**
 * Creates the directory `path` with mode 0700, or checks an existing one: not a symbolic link, not writable by everybody, owned by this
 * user or root. Throws `Failure("store_unavailable")` naming it. An existing directory keeps its mode: it may hold other files.
 */
export function preparePrivateDirectory(path: string): void {
  try {
    const us = process.getuid?.() ?? 0;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const fault = directoryFault(isLinkOfRoots(found, us) ? statSync(path) : found, us);
    if (fault !== null) throw refusal(`directory "${path}" ${fault}`);
  } catch (thrown) {
    throw storeFailure(`directory "${path}"`, thrown);
  }
}

/**
 * Is it a symbolic link of root, while we run as another user? systemd's DynamicUser= makes /var/lib/NAME a link to
 * /var/lib/private/NAME. Only root can make such a link, so it is not an attack.
 */
export function isLinkOfRoots(found: Ownership, us: number): boolean {
  return kindOf(found) === constants.S_IFLNK && found.uid === 0 && us !== 0;
}

/** Why user `us` cannot keep secrets in a directory; null when it can (security: store path tricks). */
export function directoryFault(found: Ownership, us: number): string | null {
  if (kindOf(found) === constants.S_IFLNK) return "is a symbolic link; use the directory it points to";
  if (kindOf(found) !== constants.S_IFDIR) return "is not a directory";
  if ((found.mode & 0o002) !== 0) return "is writable by everybody; chmod o-w it";
  if (found.uid !== us && found.uid !== 0) return "belongs to another user; chown it";
  return null;
}

function kindOf(found: Ownership): number {
  return found.mode & constants.S_IFMT;
}
