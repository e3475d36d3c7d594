import { readFileSync, statSync } from "node:fs";

/** A file's text and its permission bits, or why it could not be read. */
export type FileText =
  | { readonly kind: "text"; readonly text: string; readonly mode: number }
  | { readonly kind: "unreadable"; readonly reason: string; readonly cause: "absent" | "permission" | "other" };

/** Reads a small UTF-8 text file. A directory, or a file larger than 1 MiB, is unreadable. */
export function readFile(path: string): FileText {
  try {
    const facts = statSync(path);
    if (facts.isDirectory()) return { kind: "unreadable", reason: "is a directory", cause: "other" };
    if (facts.size > 1024 ** 2) return { kind: "unreadable", reason: "is larger than 1MiB", cause: "other" };
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(readFileSync(path));
    return { kind: "text", text, mode: facts.mode & 0o777 };
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

function reasonOf(thrown: unknown): FileText {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "unreadable", reason: "does not exist", cause: "absent" };
  if (code === "EACCES" || code === "EPERM") {
    return { kind: "unreadable", reason: "cannot be read by this user", cause: "permission" };
  }
  if (thrown instanceof TypeError) return { kind: "unreadable", reason: "is not UTF-8 text", cause: "other" };
  return { kind: "unreadable", reason: `cannot be read (${code === "" ? "unknown reason" : code})`, cause: "other" };
}

/** Can users other than the owner read it? */
export function isShared(mode: number): boolean {
  return (mode & 0o044) !== 0;
}

/** Permission bits in the form of chmod: `0644`. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Does something exist at `path`? Also true without the permission to look: reading the file then reports why. */
export function fileExists(path: string): boolean {
  const facts = readFile(path);
  return facts.kind === "text" || facts.cause !== "absent";
}
