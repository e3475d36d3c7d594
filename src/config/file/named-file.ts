import { resolve } from "node:path";
import type { Path } from "../findings.ts";
import { isShared, modeText, readFile } from "./read-file.ts";
import type { Source } from "./source.ts";

/** Does the file hold a secret? Then it is a warning if other users can read it (CFG-05). */
export type Secrecy = "public" | "secret";

/**
 * The text of the file that the key at `path` names; null, with an error naming the file, when it is missing, empty, a directory or
 * unreadable (CFG-02). `credential:NAME` is the file `$CREDENTIALS_DIRECTORY/NAME` (systemd.exec(5), credentials).
 */
export function readNamedFile(source: Source, path: Path, name: string, secrecy: Secrecy): string | null {
  const file = fileOf(source, path, name);
  if (file === null) return null;
  const read = readFile(file);
  if (read.kind === "unreadable") {
    const hint =
      read.cause === "permission" ? "give akproxy's user read access to it" : "correct the path or create the file";
    source.findings.error(path, `the file ${file} ${read.reason}`, hint);
    return null;
  }
  if (read.text.trim() === "") {
    source.findings.error(path, `the file ${file} is empty`, "write its content, or remove the key");
    return null;
  }
  // systemd protects its credentials itself; an ACL there looks like group permissions
  if (secrecy === "secret" && !name.startsWith("credential:") && isShared(read.mode)) {
    source.findings.warning(
      path,
      `the file ${file} holds a secret, and other users can read it (mode ${modeText(read.mode)})`,
      `run chmod 600 ${file}`,
    );
  }
  return read.text;
}

function fileOf(source: Source, path: Path, name: string): string | null {
  if (!name.startsWith("credential:")) return resolve(source.directory, name);
  const credential = name.slice("credential:".length);
  if (!/^[A-Za-z0-9_.-]+$/.test(credential) || /^\.+$/.test(credential)) {
    source.findings.error(path, "names a credential that is not a file name", "write credential:NAME");
    return null;
  }
  if (source.credentialsDirectory === null) {
    source.findings.error(
      path,
      `credential:${credential} needs $CREDENTIALS_DIRECTORY, which is not set`,
      `add to the systemd unit: LoadCredential=${credential}:/path`,
    );
    return null;
  }
  return resolve(source.credentialsDirectory, credential);
}
