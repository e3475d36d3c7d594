import { closeSync, constants, fchmodSync, fstatSync, openSync, promises, type Stats, statSync } from "node:fs";
import { Failure } from "../core/failure.ts";
import type { Log } from "../ports/log.ts";
import { codeOf } from "./store-failure.ts";

/** SQLite would create the file with the umask; -wal and -shm get the mode of the file (sqlite: findCreateFileMode). */
export function prepareFile(file: string): void {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Failure("store_unavailable", `session store "${file}" is not a file`);
    if ((found.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  } finally {
    closeSync(fd);
  }
}

/** Whether an open database is still the one at its path. */
export interface WatchedFile {
  /** Throws Failure store_unavailable while the path leads elsewhere. */
  check(): void;
  stop(): void;
}

const everyMilliseconds = 1000;

/**
 * Looks every second whether the open database and its -wal and -shm files are still at their paths. A process goes on with the files
 * that it opened, whatever happens to the paths: it would write sessions that no other process sees, and miss every sign-out of the others.
 * Call this when the database is open.
 */
export function watchFile(file: string, log: Pick<Log, "error" | "info"> | null): WatchedFile {
  const opened = ["", "-wal", "-shm"].map((end) => ({ path: file + end, ...placeOf(statSync(file + end)) }));
  let fault: string | null = null;
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return; //                       a network file system may hang
    isLooking = true;
    const faults = await Promise.all(opened.map(faultOf));
    isLooking = false;
    const found = faults.find((text) => text !== null) ?? null;
    if (found !== null && fault === null) log?.error("session store is not ready", { reason: messageOf(file, found) });
    if (found === null && fault !== null) log?.info("session store is ready again");
    fault = found;
  }

  const timer = setInterval(() => void look(), everyMilliseconds);
  timer.unref();
  return {
    check() {
      if (fault !== null) throw new Failure("store_unavailable", messageOf(file, fault));
    },
    stop: () => clearInterval(timer),
  };
}

function messageOf(file: string, fault: string): string {
  return `session store "${file}": ${fault}; put the file back, or restart akproxy to use what is there now`;
}

interface Place {
  readonly dev: number;
  readonly ino: number;
}

function placeOf({ dev, ino }: Stats): Place {
  return { dev, ino };
}

async function faultOf({ path, dev, ino }: Place & { readonly path: string }): Promise<string | null> {
  try {
    const found = await promises.stat(path);
    return found.dev === dev && found.ino === ino ? null : `"${path}" was replaced while akproxy had it open`;
  } catch (thrown) {
    const code = codeOf(thrown);
    return code === "ENOENT" || code === "ENOTDIR"
      ? `"${path}" was deleted or moved while akproxy had it open`
      : `"${path}" cannot be looked at: ${code}`;
  }
}
