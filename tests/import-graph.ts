import { Glob } from "bun";

/** What each file or folder imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const importLine =
  /(?:^|\n)\s*(?:import|export)[^"';]*?from\s*"([^"]+)"|(?:^|[\s(])import\(\s*"([^"]+)"\s*\)|(?:^|\n)\s*import\s*"([^"]+)"/g;

/** The targets of every import and re-export in a file's text, those of types and those made at run time too. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(importLine)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The files of the project that each file of `pattern` imports, as paths from the root of the project. */
export async function importedBy(pattern: string): Promise<Imports> {
  const files = [...new Glob(pattern).scanSync(".")].sort();
  const entries = files.map(async (file) => {
    const targets = importsOf(await Bun.file(file).text()).filter((target) => target.startsWith("."));
    return [file, targets.map((target) => new URL(target, `file:///${file}`).pathname.slice(1))] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Which sub-folders of `parent` import which others. A file of `parent` itself belongs to none. */
export function roomImports(imports: Imports, parent: string): Imports {
  const rooms = new Map<string, string[]>();
  for (const [file, targets] of imports) {
    const from = roomOf(file, parent);
    if (from === null) continue;
    const others = targets.flatMap((target) => roomOf(target, parent) ?? []).filter((to) => to !== from);
    rooms.set(from, [...(rooms.get(from) ?? []), ...others]);
  }
  return rooms;
}

function roomOf(file: string, parent: string): string | null {
  if (!file.startsWith(`${parent}/`)) return null;
  const [room, ...rest] = file.slice(parent.length + 1).split("/");
  return room === undefined || rest.length === 0 ? null : room;
}

/** Groups of nodes that all reach each other (Tarjan's strongly connected components, of two and more), each in order. */
export function circlesIn(imports: Imports): string[][] {
  const circles: string[][] = [];
  const reached = new Map<string, { readonly order: number; lowest: number }>();
  const path: string[] = [];

  function visit(node: string): number {
    const here = { order: reached.size, lowest: reached.size };
    reached.set(node, here);
    path.push(node);
    for (const next of imports.get(node) ?? []) {
      const known = reached.get(next);
      if (known === undefined) here.lowest = Math.min(here.lowest, visit(next));
      else if (path.includes(next)) here.lowest = Math.min(here.lowest, known.order);
    }
    if (here.lowest === here.order) {
      const circle = path.splice(path.indexOf(node));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return here.lowest;
  }

  for (const node of imports.keys()) if (!reached.has(node)) visit(node);
  return circles;
}
