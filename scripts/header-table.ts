import { type IdentityField, identityFields } from "../src/core/identity/identity-fields.ts";

/** A page whose table between `<!-- identity headers -->` and `<!-- end -->` is made from the rows that akproxy sends. */
export function withHeaderTable(page: string): string {
  const marked = /(<!-- identity headers -->\n)[\s\S]*?(<!-- end -->)/g;
  return page.replace(marked, (_whole: string, begin: string, end: string) => `${begin}${headerTable()}${end}`);
}

function headerTable(): string {
  const rows = identityFields.map((field) => `| \`${field.header}\` | ${field.description} | ${claimOf(field)} |`);
  return ["| header | value | claim, by default |", "|---|---|---|", ...rows, ""].join("\n");
}

function claimOf(field: IdentityField): string {
  switch (field.kind) {
    case "text":
    case "list":
      return `\`${field.claim}\``;
    case "token":
    case "outpost":
      return "";
  }
}
