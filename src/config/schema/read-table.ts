import type { z } from "zod";
import { quoted, type Source } from "../file/source.ts";
import { isTable, isWritten, removeAt, type Tree, valueAt } from "../file/tree.ts";
import type { Path } from "../findings.ts";
import { type Remark, remarkOf } from "../read/text-type.ts";
import { unknownKeyHint } from "./known-keys.ts";
import { nearest } from "./nearest.ts";
import { type ConfigTable, configSchema, lenientSchema } from "./schema.ts";

/**
 * Reads `source.tree` with the schema, reports its problems, and returns the rest with defaults, so that the rest is checked too. A string
 * that its type cannot read becomes a harmless value. A value of the wrong type, and an unknown key, are removed from the tree.
 */
export function readTable(source: Source): ConfigTable {
  const judged = run(configSchema, source.tree);
  let isShaped = true;
  for (const issue of judged.issues) {
    const remark = remarkOf(issue);
    if (remark !== null) reportRemark(source, pathOf(issue), remark);
    else {
      report(source, issue);
      isShaped = false;
    }
  }
  if (isShaped) return judged.value;
  const left = run(lenientSchema, source.tree);
  return left.issues.every((issue) => remarkOf(issue) !== null) ? left.value : lenientSchema.parse({});
}

/** The value that zod makes of the tree, together with its issues: safeParse returns only one of the two. */
function run(
  schema: z.ZodType,
  tree: Tree,
): { readonly value: ConfigTable; readonly issues: readonly z.core.$ZodRawIssue[] } {
  const result = schema._zod.run({ value: tree, issues: [] }, { async: false });
  if (result instanceof Promise) throw new Error("a type of the config schema is asynchronous");
  return { value: result.value as ConfigTable, issues: result.issues }; // as: true where no issue of zod is in the value
}

function pathOf(issue: z.core.$ZodRawIssue): Path {
  return (issue.path ?? []) as Path; // as: TOML keys are strings and indices are numbers, never symbols
}

function reportRemark(source: Source, path: Path, { message, hint, shown, spot }: Remark): void {
  const text = shown === "value" ? `${quoted(source, path)} ${message}` : message;
  source.findings.error(path, text, hint, spot);
}

/** Reports an issue of zod. Its words have no value of the file, so no secret. */
function report(source: Source, issue: z.core.$ZodRawIssue): void {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) reportUnknown(source, [...path, key]);
    return;
  }
  if (issue.code === "invalid_key") {
    source.findings.error(path, "is not a slug", "use only a-z, 0-9, _ and -", { kind: "key" });
  } else if (valueAt(source.tree, path) === undefined) {
    // a key that is written but no longer in the tree was reported before, for example for an unset variable
    if (!isWritten(source.raw, path)) source.findings.error(path, "is required", missingHint(path));
  } else {
    const { message, hint } = wordsOf(source, issue, path);
    source.findings.error(path, message, hint);
  }
  removeAt(source.tree, path);
}

function reportUnknown(source: Source, path: Path): void {
  source.findings.error(path, "is not a key that akproxy knows", unknownKeyHint(path), { kind: "key" });
  removeKey(source.tree, path);
}

/** Unlike removeAt, this also removes inside arrays: the other keys of the same table are still read. */
function removeKey(tree: Tree, path: Path): void {
  const parent = valueAt(tree, path.slice(0, -1));
  if (isTable(parent)) Reflect.deleteProperty(parent, String(path.at(-1)));
}

function missingHint(path: Path): string {
  const key = String(path.at(-1));
  if (key === "mode") return 'write mode = "proxy", "forward_single" or "forward_domain"';
  if (key === "external_host") return 'write external_host = "https://app.company"';
  if (key === "providers") return "add a table [providers.SLUG] for each application";
  return `add ${key} here`;
}

function wordsOf(source: Source, issue: z.core.$ZodRawIssue, path: Path): { message: string; hint: string | null } {
  const found = typeName(valueAt(source.tree, path));
  switch (issue.code) {
    case "invalid_value": {
      const choices = issue.values.map((value) => JSON.stringify(value)).join(", ");
      const value = valueAt(source.tree, path);
      if (typeof value !== "string")
        return { message: `must be a string, not ${found}`, hint: `write one of ${choices}` };
      const close = nearest(value, issue.values.map(String));
      const hint =
        close === null || close === ""
          ? `use one of ${choices}`
          : `did you mean "${close}"? allowed values: ${choices}`;
      return { message: `${quoted(source, path)} is not an allowed value`, hint };
    }
    case "invalid_type":
      return { message: `must be ${article(issue.expected)}, not ${found}`, hint: quotesHint(issue.expected, found) };
    case "invalid_union": {
      const kinds = issue.errors.flatMap((branch) => branch.map(unionBranch));
      const isDotted = found === "a table" && path.includes("claims");
      const hint = isDotted ? 'quote a dotted name: "realm_access.roles" = ["admin"]' : null;
      return { message: `must be ${[...new Set(kinds)].join(" or ")}, not ${found}`, hint };
    }
    case "too_small":
      return {
        message: issue.origin === "array" ? "must not be an empty list" : `must be at least ${issue.minimum}`,
        hint: null,
      };
    case "too_big":
      return { message: `must be at most ${issue.maximum}`, hint: null };
    default:
      return { message: "is not a valid value", hint: null };
  }
}

function quotesHint(expected: string, found: string): string | null {
  if (expected === "string" && /^a number|^true/.test(found)) return "write it in quotes";
  return expected === "boolean" && found === "a string" ? "write true or false without quotes" : null;
}

function unionBranch(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return article(issue.expected);
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "too_small")
    return issue.origin === "array" ? "a list with an entry" : `at least ${issue.minimum}`;
  return "another value";
}

const tomlNames: Readonly<Record<string, string>> = {
  string: "a string",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a table",
  record: "a table",
};

function article(kind: string): string {
  return tomlNames[kind] ?? kind;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  return article(typeof value);
}
