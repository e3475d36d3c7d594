import { expect, test } from "bun:test";
import { Glob } from "bun";
import { withSnippets } from "../../scripts/snippet-pages.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import { snippetTargets } from "../../src/snippets/snippet.ts";

const folder = "docs/reverse-proxies";

async function exampleConfig(): Promise<Config> {
  const { config } = await loadConfig({ file: `${folder}/example.toml`, env: {} });
  if (config === null) throw new Error("the example config is not usable");
  return config;
}

test("there is a page for each reverse proxy, with a config for each forward mode", async () => {
  const pages = [...new Glob("*.md").scanSync(folder)].toSorted();

  expect(pages).toEqual([...snippetTargets].map((target) => `${target}.md`).toSorted());
  for (const target of snippetTargets) {
    const page = await Bun.file(`${folder}/${target}.md`).text();
    expect(page).toContain(`<!-- akproxy snippet ${target} app -->`);
    expect(page).toContain(`<!-- akproxy snippet ${target} corp -->`);
  }
});

test.each([...snippetTargets])(
  "the configs on the page of %s are those that akproxy prints (else: scripts/docs)",
  async (target) => {
    const page = await Bun.file(`${folder}/${target}.md`).text();

    expect(withSnippets(page, await exampleConfig())).toBe(page);
  },
);

test("a page whose config is not the printed one is written anew, and one that asks for what there is not is refused", async () => {
  const config = await exampleConfig();
  const stale = "before\n<!-- akproxy snippet caddy app -->\nold\n<!-- end -->\nafter\n";

  const page = withSnippets(stale, config);

  expect(page).toStartWith(
    "before\n<!-- akproxy snippet caddy app -->\n\n`akproxy-app.caddyfile`:\n\n```caddyfile\n# caddy in front of",
  );
  expect(page).toEndWith("```\n\n<!-- end -->\nafter\n");
  expect(() => withSnippets(stale.replace("caddy app", "caddy nobody"), config)).toThrow('"caddy nobody "');
});
