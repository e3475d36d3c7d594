import type { Config } from "../src/core/config.ts";
import { isMade, snippet, snippetTargets } from "../src/snippets/snippet.ts";
import { reachableAddress, type SnippetWishes, snippetFacts } from "../src/snippets/snippet-facts.ts";
import type { SnippetFile } from "../src/snippets/snippet-text.ts";

const nothing: SnippetWishes = {
  listen: null,
  outpost: null,
  upstream: null,
  hosts: [],
  additionalNames: [],
  certificate: null,
  key: null,
  extent: "fragment",
};

/** For the colours of a code block, by the file's ending; else the target's own language. */
const languages: Readonly<Record<string, string>> = { yml: "yaml", yaml: "yaml", lua: "lua", caddyfile: "caddyfile" };

/**
 * A page with every text between `<!-- akproxy snippet TARGET SLUG [--variant V] -->` and `<!-- end -->` made anew, each file a block
 * after its name. The config is the one the page's readers are shown.
 */
export function withSnippets(page: string, config: Config): string {
  const marked = /<!-- akproxy snippet (\S+) (\S+)(?: --variant (\S+))? -->\n[\s\S]*?<!-- end -->/g;
  return page.replace(marked, (whole: string, target: string, slug: string, variant: string | undefined) => {
    const first = whole.slice(0, whole.indexOf("\n"));
    const blocks = filesOf(config, target, slug, variant ?? null).map((file) => blockOf(file, target));
    return `${first}\n${blocks.join("\n")}\n<!-- end -->`;
  });
}

function filesOf(config: Config, name: string, slug: string, variant: string | null): readonly SnippetFile[] {
  const target = snippetTargets.find((candidate) => candidate === name);
  const provider = config.providers.find((candidate) => candidate.slug === slug);
  const outpost = reachableAddress(config.listen.http);
  if (target === undefined || provider === undefined || outpost === null || !isMade(target, variant)) {
    throw new Error(`a page asks for "${name} ${slug} ${variant ?? ""}", which there is not`);
  }
  return snippet(target, snippetFacts(provider, outpost, nothing), variant);
}

function blockOf({ name, text }: SnippetFile, target: string): string {
  const language = languages[name.split(".").at(-1) ?? ""] ?? target;
  return `\n\`${name}\`:\n\n\`\`\`${language}\n${text}\`\`\`\n`;
}
