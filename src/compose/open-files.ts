import { readFileSync } from "node:fs";
import { openFilesIn } from "../core/bounds/connection-room.ts";

/** What is taken where the system does not say: the soft limit that most systems begin with. */
const unknownOpenFiles = 1024;

/** How many files this process may have open. Bun has raised its soft limit to the hard one before any code of ours runs. */
export function openFiles(): number {
  try {
    return openFilesIn(readFileSync("/proc/self/limits", "utf8")) ?? unknownOpenFiles;
  } catch {
    return unknownOpenFiles; //                     no Linux, or no /proc
  }
}
