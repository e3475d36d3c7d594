import type { Allow } from "../../core/provider.ts";
import type { Source } from "../file/source.ts";
import type { Path } from "../findings.ts";
import type { ProviderTable } from "../schema/schema.ts";

/** An `allow` table, of a provider or of one of its rules; null when there is none (spec: config, allow). */
export function readAllow(source: Source, path: Path, table: ProviderTable["allow"]): Allow | null {
  if (table === undefined) return null;
  const { groups, users, emails, email_domains } = table;
  for (const [index, domain] of email_domains.entries()) {
    if (!domain.includes("@")) continue;
    source.findings.error([...path, "email_domains", index], "has an @", 'write "company.test"');
  }
  const claims = readClaimValues(source, [...path, "claims"], table.claims);
  const named = [groups, users, emails, email_domains, ...Object.values(claims)];
  if (named.every((list) => list.length === 0)) {
    const hint = "name somebody, or remove the table to let in everybody who is logged in";
    source.findings.warning(path, "names nobody: everybody is refused", hint, { kind: "key" });
  }
  return { groups, users, emails, emailDomains: email_domains, claims };
}

/** Claims and the values each may have, as lists; a single text is a list of one. */
export function readClaimValues(
  source: Source,
  path: Path,
  table: Readonly<Record<string, string | readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  for (const claim of Object.keys(table)) {
    if (isClaimPath(claim)) continue;
    source.findings.error([...path, claim], "is not a claim's name or dotted path", "write name or outer.inner", {
      kind: "key",
    });
  }
  return Object.fromEntries(
    Object.entries(table).map(([claim, values]) => [claim, typeof values === "string" ? [values] : values]),
  );
}

/** A claim's name, or a path into one. */
export function isClaimPath(text: string): boolean {
  return /^[^.]+(?:\.[^.]+)*$/.test(text);
}

/** Every claim that these ask about. */
export function claimsAskedFor(allows: readonly (Allow | null)[]): readonly string[] {
  return [...new Set(allows.flatMap((allow) => Object.keys(allow?.claims ?? {})))];
}
