/** Writes the snippets in docs/reverse-proxies/*.md and README's table of identity headers anew. Usage: bun scripts/docs.ts */
import { Glob } from "bun";
import { loadConfig } from "../src/config/load.ts";
import { problemText } from "../src/core/problem.ts";
import { withHeaderTable } from "./header-table.ts";
import { withSnippets } from "./snippet-pages.ts";

const { config, problems } = await loadConfig({ file: "docs/reverse-proxies/example.toml", env: {} });
if (config === null) throw new Error(problems.map(problemText).join("\n"));
for (const page of ["README.md", ...new Glob("docs/reverse-proxies/*.md").scanSync(".")]) {
  const before = await Bun.file(page).text();
  const after = withHeaderTable(withSnippets(before, config));
  if (after !== before) await Bun.write(page, after);
  console.log(`${page}: ${after === before ? "as it was" : "written"}`);
}
