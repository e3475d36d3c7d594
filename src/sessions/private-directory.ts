import { lstatSync, mkdirSync, type Stats, statSync } from "node:fs";
import { Failure } from "../core/failure.ts";
import { refusal, storeFailure } from "./system-error.ts";

/**
 * Makes `path` a directory only we can enter (0700), or checks the one that stands: no symbolic link, not writable by everybody, ours
 * or root's. Throws `Failure("store_unavailable")` naming it. An existing directory keeps its mode: it may hold other things.
 */
export function preparePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    checkDirectory(path, lstatSync(path));
  } catch (thrown) {
    throw storeFailure(`directory "${path}"`, thrown);
  }
}

function checkDirectory(path: string, found: Stats): void {
  const us = process.getuid?.() ?? 0;
  if (found.isSymbolicLink()) {
    // systemd's DynamicUser= makes /var/lib/NAME a link of root's to /var/lib/private/NAME; nobody but root can plant that on us
    const isAdministrators = found.uid === 0 && us !== 0;
    if (!isAdministrators) throw refusal(`directory "${path}" is a symbolic link; name the directory it points to`);
    checkDirectory(path, statSync(path));
    return;
  }
  if (!found.isDirectory()) throw new Failure("store_unavailable", `directory "${path}" is not a directory`);
  if ((found.mode & 0o002) !== 0) throw refusal(`directory "${path}" is writable by everybody; chmod o-w it`);
  if (found.uid !== us && found.uid !== 0) throw refusal(`directory "${path}" belongs to another user; chown it`);
}
