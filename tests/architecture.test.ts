import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { circlesIn, importedBy, importsOf, roomImports } from "./import-graph.ts";

/** The arrow table of ARCHITECTURE.md: folder -> [folders it may import besides itself, packages it may name]. */
const arrows: Record<string, readonly [readonly string[], readonly RegExp[]]> = {
  goregexp: [[], [/^re2js$/]],
  core: [["goregexp"], []],
  ports: [["core"], []],
  snippets: [["core"], []],
  seal: [["core"], [/^node:crypto$/]],
  config: [
    ["core", "goregexp"],
    [/^smol-toml$/, /^toml-eslint-parser$/, /^zod$/, /^node:(fs|path|crypto|net)$/],
  ],
  sessions: [
    ["core", "ports", "seal"],
    [/^bun:sqlite$/, /^node:(fs|path|crypto)$/],
  ],
  idp: [
    ["core", "ports"],
    [/^openid-client$/, /^oauth4webapi$/, /^jose$/],
  ],
  wire: [
    ["core", "ports"],
    [/^bun$/, /^elysia$/, /^node:(tls|net|crypto)$/],
  ],
  log: [["core", "ports"], []],
  metrics: [["core", "ports"], []],
  tls: [["core"], [/^node:(fs|path|crypto)$/]],
  http: [["core", "ports", "seal"], [/^elysia$/]],
  demo: [["core"], [/^oidc-provider$/, /^node:(http|crypto)$/]],
  compose: [
    ["core", "ports", "seal", "sessions", "idp", "log", "metrics", "tls", "http", "wire"],
    [/^bun$/, /^node:/],
  ],
  doctor: [
    ["core", "seal", "sessions", "idp", "http", "wire"],
    [/^bun$/, /^node:/],
  ],
  cli: [
    ["compose", "doctor", "config", "core", "goregexp", "seal", "snippets", "demo", "ports"],
    [/^commander$/, /^bun:ffi$/, /^node:/],
  ],
  main: [["cli", "core"], [/^commander$/]],
};

/** The folder of src that a file belongs to; a file of src itself is a folder of its own, by its name. */
function folderOf(pathInSrc: string): string {
  return (pathInSrc.split("/")[0] ?? "").replace(/\.ts$/, "");
}

function breachesOf(file: string, text: string): string[] {
  const folder = folderOf(file);
  const rule = arrows[folder];
  if (rule === undefined) return [`${file}: folder "${folder}" is not in the arrow table`];
  const [folders, packages] = rule;
  return importsOf(text)
    .filter((target) => {
      if (!target.startsWith(".")) return !packages.some((allowed) => allowed.test(target));
      const to = folderOf(new URL(target, `file:///${file}`).pathname.slice(1));
      return to !== folder && to !== "package.json" && !folders.includes(to);
    })
    .map((target) => `${file} -> ${target}`);
}

test("no import breaks the arrow table", async () => {
  const files = [...new Glob("**/*.ts").scanSync("src")];

  const breaches = (
    await Promise.all(files.map(async (file) => breachesOf(file, await Bun.file(`src/${file}`).text())))
  ).flat();

  expect(files.length).toBeGreaterThan(10);
  expect(breaches).toEqual([]);
});

test("the arrow test sees type imports, dynamic imports and foreign packages", () => {
  expect(breachesOf("core/x.ts", 'import type { A } from "../http/a.ts";')).toEqual(["core/x.ts -> ../http/a.ts"]);
  expect(breachesOf("core/x.ts", 'const a = await import("../idp/a.ts");')).toEqual(["core/x.ts -> ../idp/a.ts"]);
  expect(breachesOf("http/x.ts", 'import { serve } from "bun";')).toEqual(["http/x.ts -> bun"]);
  expect(breachesOf("http/x.ts", 'import { a } from "../core/a.ts";')).toEqual([]);
  expect(breachesOf("nowhere/x.ts", "")).toEqual(['nowhere/x.ts: folder "nowhere" is not in the arrow table']);
});

test("core names no clock, randomness, network or runtime", async () => {
  const forbidden = /\b(Date\.now|new Date|Math\.random|process\.|fetch\(|crypto\.|console\.|Bun\.)/;
  const files = [...new Glob("{core,goregexp}/**/*.ts").scanSync("src")];

  const impure: string[] = [];
  for (const file of files) if (forbidden.test(await Bun.file(`src/${file}`).text())) impure.push(file);

  expect(impure).toEqual([]);
});

describe("circles", () => {
  test("no file imports itself by way of others, in src or scripts; imports of types count too", async () => {
    const imports = await importedBy("{src,scripts}/**/*.ts");

    expect(imports.size).toBeGreaterThan(300);
    expect(circlesIn(imports)).toEqual([]);
  });

  test("no sub-folder imports itself by way of its siblings; files beside them are the words they share", async () => {
    const imports = await importedBy("{src,scripts}/**/*.ts");
    const parents = new Set(
      [...imports.keys()].flatMap((file) => file.split("/").map((_, end, parts) => parts.slice(0, end).join("/"))),
    );

    const circles = [...parents].flatMap((parent) =>
      circlesIn(roomImports(imports, parent)).map((rooms) => ({ parent, rooms })),
    );

    expect(circles).toEqual([]);
  });

  test("the circle test sees circles of types, of three, and of sub-folders", () => {
    const imports = new Map([
      ["src/a/x/one.ts", ["src/a/y/two.ts"]],
      ["src/a/y/two.ts", ["src/a/z/three.ts", "src/a/words.ts"]],
      ["src/a/y/four.ts", ["src/a/x/five.ts"]],
      ["src/a/z/three.ts", ["src/a/x/one.ts"]],
      ["src/a/words.ts", []],
    ]);

    expect(circlesIn(imports)).toEqual([["src/a/x/one.ts", "src/a/y/two.ts", "src/a/z/three.ts"]]);
    expect(circlesIn(roomImports(imports, "src/a"))).toEqual([["x", "y", "z"]]);
    expect(importsOf('import type { A } from "./a.ts";\nexport { b } from "./b.ts";\nawait import("./c.ts");')).toEqual(
      ["./a.ts", "./b.ts", "./c.ts"],
    );
  });
});

describe("sizes", () => {
  /** Files that stay by themselves although they are short and have one importer. */
  const short: Record<string, string> = {
    "src/cli/help.ts": "a command has a file of its own",
    "src/cli/schema.ts": "a command has a file of its own",
    "src/core/identity/unverified-token.ts": "pure, and its importer in http is not",
  };

  test("a folder of src has at most 22 files", async () => {
    const files = [...(await importedBy("src/**/*.ts")).keys()];
    const counts = Map.groupBy(files, (file) => file.slice(0, file.lastIndexOf("/")));

    const large = [...counts].filter(([, inside]) => inside.length > 22).map(([folder]) => folder);

    expect(large).toEqual([]);
  });

  test("a file of src with fewer than 30 lines has several importers", async () => {
    const imports = await importedBy("src/**/*.ts");
    const importers = Map.groupBy(
      [...imports].flatMap(([, targets]) => [...new Set(targets)]),
      (target) => target,
    );

    const thin: string[] = [];
    for (const [file, all] of importers) {
      const lines = (await Bun.file(file).text()).split("\n").length - 1;
      if (lines < 30 && all.length === 1 && file.endsWith(".ts") && short[file] === undefined) thin.push(file);
    }

    expect(thin).toEqual([]);
  });
});
