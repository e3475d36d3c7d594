import { join } from "node:path";

/** The result of a command that ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string; //                                     the folder of the project
  readonly env?: Readonly<Record<string, string>>; //           beside PATH, the only variable that is inherited
  readonly stdin?: string; //                                   "", which ends at once
}

export const akproxyCommand = [process.execPath, join(import.meta.dir, "../../src/main.ts")] as const;

/** Runs `akproxy WORDS` from source, and waits until it ends. */
export async function runAkproxy(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = startAkproxy(words, options);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Starts `akproxy WORDS` from source. The caller reads its output and ends it. */
export function startAkproxy(words: readonly string[], { cwd, env = {}, stdin = "" }: RunOptions = {}) {
  return Bun.spawn([...akproxyCommand, ...words], {
    cwd: cwd ?? join(import.meta.dir, "../.."),
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
}
