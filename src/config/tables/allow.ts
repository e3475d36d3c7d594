import { z } from "zod";
import type { Allow } from "../../core/provider.ts";
import type { Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import { addRemark, listOf, texts } from "../read/text-type.ts";
import { ok, wrong } from "../reading.ts";
import { fieldsOf } from "./fields.ts";

const claimAdvice = { message: "is not a claim name or a dotted path", hint: "write name or outer.inner" };

/** Claims, each with its allowed values. A single string is a list with one value. */
export function claimValues() {
  return z.record(z.string(), z.union([z.string(), z.array(z.string())])).transform((table, context) => {
    const lists: Record<string, readonly string[]> = {};
    for (const [claim, values] of Object.entries(table)) {
      if (!isClaimPath(claim)) addRemark(context, [claim], { ...claimAdvice, spot: { kind: "key" } });
      lists[claim] = typeof values === "string" ? [values] : values;
    }
    return lists;
  });
}

/** The claim of an identity header; `""`: the header is empty. */
export function claimPath(text: string) {
  if (text === "" || isClaimPath(text)) return ok(text);
  return wrong(claimAdvice.message, claimAdvice.hint);
}

function isClaimPath(text: string): boolean {
  return /^[^.]+(?:\.[^.]+)*$/.test(text);
}

function readEmailDomain(text: string) {
  if (!text.includes("@")) return ok(text);
  return wrong("has an @", 'write the domain only: "company.test"');
}

/** `allow`, of a provider or of one of its rules (spec: config, allow). */
export const allowTable = z.strictObject({
  groups: texts("members of one of these groups"),
  users: texts("users with one of these names"),
  emails: texts("users with one of these email addresses"),
  email_domains: listOf(readEmailDomain, "")
    .prefault([])
    .describe("users with an email address in one of these domains"),
  claims: claimValues()
    .prefault({})
    .describe('users with a claim that is, or contains, one of these values: { department = ["it"] }'),
});

/** The `allow` table as core has it; null if the file has none. */
export function allowOf(source: Source, path: Path, table: z.output<typeof allowTable> | undefined): Allow | null {
  if (table === undefined) return null;
  const { claims, ...lists } = table;
  const named = [...Object.values(lists), ...Object.values(claims)];
  if (named.every((list) => list.length === 0)) {
    const hint = "add a group, a user, an email or a claim, or remove the table to allow every logged-in user";
    source.findings.warning(path, "allows nobody: every user is denied", hint, { kind: "key" });
  }
  return fieldsOf(allowTable.shape, table);
}

/** Every claim that one of these tables tests. */
export function claimsAskedFor(allows: readonly (Allow | null)[]): readonly string[] {
  return [...new Set(allows.flatMap((allow) => Object.keys(allow?.claims ?? {})))];
}
