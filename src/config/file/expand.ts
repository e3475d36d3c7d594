import type { Findings, Path } from "../findings.ts";
import { ok, type Reading, wrong } from "../reading.ts";
import { mapStrings, type Tree } from "./tree.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys whose value is a regex, where `$` has its own meaning (spec: reading rules). */
const regexKeys: ReadonlySet<string | number> = new Set([
  "skip_path_regex",
  "protect_path_regex",
  "path_regex",
  "groups_filter",
]);

/**
 * Expands `${VAR}`, `${VAR:-default}` (used if VAR is unset or empty, as in a shell) and `$$` once. The result is not expanded again.
 * Any other `$` stays.
 */
export function expandText(text: string, env: Environment): Reading<string> {
  const problems: Reading<never>[] = [];
  const value = text.replace(/\$\$|\$\{([^}]*)(\}?)/g, (all: string, inner: string | undefined, end: string) => {
    if (inner === undefined) return "$";
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
    if (end === "" || parts === null) {
      problems.push(
        wrong(`has a "\${" that is not a variable`, `write \${NAME} or \${NAME:-default}; a plain "$" is "$$"`),
      );
      return all;
    }
    const [, name = "", fallback] = parts;
    const found = env[name];
    if (fallback !== undefined) return found === undefined || found === "" ? fallback : found;
    if (found !== undefined) return found;
    problems.push(wrong(`the environment variable ${name} is not set`, `set ${name}, or write \${${name}:-default}`));
    return "";
  });
  return problems[0] ?? ok(value);
}

/** A copy of `raw` with every string value expanded. A key that cannot be expanded is reported and listed in `failed`. */
export function expandTree(raw: Tree, env: Environment, findings: Findings): { tree: Tree; failed: readonly Path[] } {
  const failed: Path[] = [];
  const tree = mapStrings(raw, (text, path) => {
    if (path.some((part) => regexKeys.has(part))) return text;
    const reading = expandText(text, env);
    if (reading.kind === "ok") return reading.value;
    findings.error(path, reading.message, reading.hint);
    failed.push(path);
    return "";
  });
  return { tree: tree as Tree, failed }; // as: a copy of a table is a table
}
