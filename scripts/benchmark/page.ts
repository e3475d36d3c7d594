import type { Case } from "./shot.ts";

const file = "docs/performance.md";

/** Writes a case's table into docs/performance.md, between its own markers; a new case goes to the end of them. */
export async function writeTable({ name, title }: Case, table: string, machine: string): Promise<void> {
  const text = await Bun.file(file).text();
  const section = `<!-- bench:${name} -->\n### ${title}\n\n\`${name}\`, ${machine}\n\n${table}\n<!-- /bench:${name} -->`;
  const standing = new RegExp(`<!-- bench:${name} -->[\\s\\S]*?<!-- /bench:${name} -->`);
  const end = "<!-- bench:end -->";
  const written = standing.test(text)
    ? text.replace(standing, () => section)
    : text.replace(end, () => `${section}\n\n${end}`);
  if (written === text) console.error(`${file}: nothing written for ${name}`);
  await Bun.write(file, written);
}
