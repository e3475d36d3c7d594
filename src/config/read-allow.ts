import type { Allow } from "../core/provider.ts";
import type { Path } from "./findings.ts";
import type { ProviderTable } from "./schema.ts";
import type { Source } from "./source.ts";

/** An `allow` table, of a provider or of one of its rules; null when there is none (spec: config, allow). */
export function readAllow(source: Source, path: Path, table: ProviderTable["allow"]): Allow | null {
  if (table === undefined) return null;
  const { groups, users, emails, email_domains } = table;
  for (const [index, domain] of email_domains.entries()) {
    if (!domain.includes("@")) continue;
    source.findings.error([...path, "email_domains", index], "has an @", 'write "company.test"');
  }
  if (groups.length + users.length + emails.length + email_domains.length === 0) {
    const hint = "name somebody, or remove the table to let in everybody who is logged in";
    source.findings.warning(path, "names nobody: everybody is refused", hint, { kind: "key" });
  }
  return { groups, users, emails, emailDomains: email_domains };
}
