import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Failure } from "../core/failure.ts";
import { type RandomBytes, randomToken } from "../seal/random-token.ts";
import { preparePrivateDirectory } from "./private-directory.ts";
import { codeOf, refusal, storeFailure } from "./store-failure.ts";

/** The outpost's secrets, of which the first one seals, and warnings about them. */
export interface OutpostSecrets {
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

/** As for a secret in the config file (spec: outpost.secret). */
const shortestSecret = 32;

/**
 * The secrets of the config; if it has none, the secret in `state_dir/secret.key`. That file is created once with 256 random bits (0600),
 * by one process even when several start together. Throws `Failure("store_unavailable")` naming the file when it can be neither read nor created.
 */
export function loadOrMakeSecrets(
  configured: readonly string[] | null,
  stateDir: string,
  randomBytes: RandomBytes,
): OutpostSecrets {
  const found = readSecrets(configured, stateDir);
  if (found !== null) return found;
  preparePrivateDirectory(stateDir);
  makeSecretFile(secretPath(stateDir), randomBytes);
  const made = readSecrets(configured, stateDir);
  if (made !== null) return made;
  throw new Failure("store_unavailable", `secret "${secretPath(stateDir)}" was deleted right after it was created`);
}

/** As `loadOrMakeSecrets`, but returns null instead of creating a secret: for commands that only read. */
export function readSecrets(configured: readonly string[] | null, stateDir: string): OutpostSecrets | null {
  if (configured !== null) return { secrets: configured, warnings: [] };
  return readSecretFile(secretPath(stateDir));
}

/** The path of the created secret. */
export function secretPath(stateDir: string): string {
  return join(stateDir, "secret.key");
}

function readSecretFile(path: string): OutpostSecrets | null {
  const read = textAndMode(path);
  if (read === null) return null;
  const secret = read.text.replace(/\r?\n$/, "");
  if (secret.length < shortestSecret) {
    const message = `secret "${path}" is shorter than ${shortestSecret} characters; write a longer one to it, or delete it, which ends all sessions`;
    throw new Failure("store_unavailable", message);
  }
  const isOpen = (read.mode & 0o077) !== 0;
  return {
    secrets: [secret],
    warnings: isOpen ? [`secret "${path}" can be read by other users; run chmod 600 on it`] : [],
  };
}

function textAndMode(path: string): { readonly text: string; readonly mode: number } | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return { text: readFileSync(fd, "utf8"), mode: fstatSync(fd).mode };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return null;
    if (codeOf(thrown) === "ELOOP")
      throw refusal(`secret "${path}" is a symbolic link; set outpost.secret_file to the file it points to`);
    throw storeFailure(`secret "${path}"`, thrown);
  }
}

/** Written under another name and then linked: no process reads half of it, and the first link wins. */
function makeSecretFile(path: string, randomBytes: RandomBytes): void {
  const draft = `${path}.${randomToken(randomBytes).slice(0, 12)}`;
  try {
    const fd = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(fd, `${randomToken(randomBytes)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(draft, path);
  } catch (thrown) {
    // another process was first: its secret is used
    if (codeOf(thrown) !== "EEXIST") throw storeFailure(`secret "${path}"`, thrown);
  } finally {
    rmSync(draft, { force: true });
  }
}
