import { expect, test } from "bun:test";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { runAkproxy } from "../fakes/run-akproxy.ts";

const pages = [
  ...new Glob("*.md").scanSync("."),
  ...[...new Glob("**/*.md").scanSync("docs")].map((file) => `docs/${file}`),
];

test.each(["scripts/demo", "scripts/test"])("README's first commands name %s, which can be run", async (script) => {
  const readme = await Bun.file("README.md").text();

  expect(readme.split("\n## ")[1]).toContain(`\n${script}`);
  expect(() => accessSync(script, constants.X_OK)).not.toThrow();
});

test("README's table has every command, and no other", async () => {
  const readme = await Bun.file("README.md").text();
  const help = (await runAkproxy(["--help"])).stdout;

  const listed = [...readme.matchAll(/^\| `akproxy ([a-z-]+)/gm)].map(([, command]) => command ?? "");
  const existing = [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)].map(
    ([, command]) => command ?? "",
  );

  expect(listed.toSorted()).toEqual(existing.filter((command) => command !== "help").toSorted());
});

test("README describes each command in the words of its help", async () => {
  const readme = await Bun.file("README.md").text();
  const help = (await runAkproxy(["--help"], { env: { COLUMNS: "200" } })).stdout;
  const described = [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+)(?: \S+)* {2,}(\S.*)$/gm)]
    .filter(([, command]) => command !== "help")
    .map(([, command, description]) => `akproxy ${command}: ${description}`);

  const rows = new Map(
    [...readme.matchAll(/^\| `(akproxy [a-z-]+)[^`]*` \| (.*) \|$/gm)].map((row) => [row[1], row[2]]),
  );
  const differing = described.filter((line) => {
    const [name = "", description = ""] = line.split(": ", 1).concat(line.slice(line.indexOf(": ") + 2));
    return rows.get(name)?.startsWith(description) !== true;
  });

  expect(described.length).toBe(rows.size);
  expect(differing).toEqual([]);
});

test("a link from a page to a file of the project leads to one", async () => {
  const dead: string[] = [];
  for (const page of pages) {
    for (const [, target = ""] of (await Bun.file(page).text()).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (!target.includes("://") && !existsSync(join(dirname(page), target))) dead.push(`${page} -> ${target}`);
    }
  }

  expect(pages.length).toBeGreaterThanOrEqual(5);
  expect(dead).toEqual([]);
});

test("a folder or file of src that ARCHITECTURE.md names in its tree is there, and every folder is named", async () => {
  const tree = /```text\n(src\/[\s\S]*?)```/.exec(await Bun.file("ARCHITECTURE.md").text())?.[1] ?? "";
  const namedFolders = [...tree.matchAll(/^ {2}([a-z]+)\/ /gm)].map(([, folder]) => folder ?? "");
  const folders = [...new Set([...new Glob("*/**/*.ts").scanSync("src")].map((file) => file.split("/")[0] ?? ""))];

  expect(namedFolders.toSorted()).toEqual(folders.toSorted());
});

test("the arrows of ARCHITECTURE.md are those that the wall test holds", async () => {
  const page = await Bun.file("ARCHITECTURE.md").text();
  const walls = await Bun.file("tests/architecture.test.ts").text();
  const rowsOfPage = [...page.matchAll(/^\| `([a-z]+)` \| ([^|]*) \|/gm)].map(
    ([, folder, may = ""]) => `${folder}: ${[...may.matchAll(/[a-z]+/g)].join(" ").replace(/^nothing$/, "")}`,
  );
  const rowsOfWalls = [...walls.matchAll(/^ {2}([a-z]+): \[\s*\[([^\]]*)\]/gm)].map(
    ([, folder, may = ""]) => `${folder}: ${[...may.matchAll(/[a-z]+/g)].join(" ")}`,
  );

  expect(rowsOfWalls.length).toBeGreaterThan(10);
  expect(rowsOfPage).toEqual(rowsOfWalls);
});
