import { Glob } from "bun";

/** A piece of code that a page shows, and the place it stands at. */
export interface WrittenCode {
  readonly place: string; //                       README.md:42
  readonly text: string;
}

/** The pages of the project. */
export const pages: readonly string[] = [
  ...new Glob("*.md").scanSync("."),
  ...[...new Glob("**/*.md").scanSync("docs")].map((file) => `docs/${file}`),
].toSorted();

/** The fenced blocks of a language, on all pages. */
export async function blocksOf(language: string): Promise<readonly WrittenCode[]> {
  const fence = new RegExp(`^([ \\t]*)\`\`\`${language}\\n([\\s\\S]*?)^[ \\t]*\`\`\``, "gm");
  return eachPage((page, text) =>
    [...text.matchAll(fence)].map((match) => ({ place: placeOf(page, text, match.index), text: match[2] ?? "" })),
  );
}

/** What stands in the text between backticks, on all pages; blocks are left out. */
export async function spansOf(): Promise<readonly WrittenCode[]> {
  return eachPage((page, whole) => {
    const text = whole.replace(/^[ \t]*```[\s\S]*?^[ \t]*```/gm, (block) => block.replace(/[^\n]/g, " "));
    return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => ({
      place: placeOf(page, text, match.index),
      text: match[1] ?? "",
    }));
  });
}

async function eachPage(read: (page: string, text: string) => readonly WrittenCode[]): Promise<readonly WrittenCode[]> {
  const texts = await Promise.all(pages.map(async (page) => [page, await Bun.file(page).text()] as const));
  return texts.flatMap(([page, text]) => read(page, text));
}

function placeOf(page: string, text: string, at: number): string {
  return `${page}:${text.slice(0, at).split("\n").length}`;
}
