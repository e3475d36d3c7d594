import { constants, lstatSync, mkdirSync, statSync } from "node:fs";
import { refusal, storeFailure } from "./store-failure.ts";

/** Of a file's status: its kind with its permissions, and who owns it. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/**
 * Makes `path` a directory only we can enter (0700), or checks the one that stands: no symbolic link, not writable by everybody, ours
 * or root's. Throws `Failure("store_unavailable")` naming it. An existing directory keeps its mode: it may hold other things.
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
 * Is it a symbolic link that root made and we, another user, could not? systemd's DynamicUser= makes /var/lib/NAME one to
 * /var/lib/private/NAME; nobody else can plant such a link on us.
 */
export function isLinkOfRoots(found: Ownership, us: number): boolean {
  return kindOf(found) === constants.S_IFLNK && found.uid === 0 && us !== 0;
}

/** Why a directory is not one to keep secrets in for user `us`; null when it is (security: store path tricks). */
export function directoryFault(found: Ownership, us: number): string | null {
  if (kindOf(found) === constants.S_IFLNK) return "is a symbolic link; name the directory it points to";
  if (kindOf(found) !== constants.S_IFDIR) return "is not a directory";
  if ((found.mode & 0o002) !== 0) return "is writable by everybody; chmod o-w it";
  if (found.uid !== us && found.uid !== 0) return "belongs to another user; chown it";
  return null;
}

function kindOf(found: Ownership): number {
  return found.mode & constants.S_IFMT;
}
