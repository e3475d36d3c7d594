import { join } from "node:path";
import { outpostSecret } from "./akproxy.ts";
import { underWrk } from "./loads.ts";
import { question, verdictCookie } from "./questions.ts";
import { seedSessions } from "./seed-sessions.ts";
import type { LoadCase } from "./shot.ts";
import type { World } from "./world.ts";

/** Verdicts by what is in the session store, and by which store it is. */
export function sessionCases(world: World): readonly LoadCase[] {
  return [sessions(world), stores(world)];
}

const many = 100_000;

/** A SQLite store with `count` sessions; `server` is an akproxy by itself on it, `cookieFile` the Cookie lines of so many of them. */
async function seeded(world: World, count: number) {
  const file = join(world.folder, `${count}-sessions`, "sessions.sqlite");
  const values = await seedSessions(file, outpostSecret, "single", count);
  const server = (name: string) => world.akproxy(name, `sqlite:${file}`);
  const cookieFile = async (wanted: number) => {
    const path = join(world.folder, `${count}-${wanted}.cookies`);
    await Bun.write(
      path,
      `${values
        .slice(0, wanted)
        .map((value) => `akproxy_single=${value}`)
        .join("\n")}\n`,
    );
    return path;
  };
  return { server, cookieFile };
}

function sessions(world: World): LoadCase {
  const work = {
    kind: "load",
    name: "sessions",
    title: "Verdict, sessions in a SQLite store",
    unit: "request",
  } as const;
  const contenders = async () => {
    const one = await seeded(world, 1);
    const lots = await seeded(world, many);
    // each by a process of its own: what all have left behind in one would be paid for by those who ask next
    const contender = async (name: string, { server, cookieFile }: typeof one, slot: string, asking: number) => {
      const asked = await server(slot);
      const cookies = await cookieFile(asking);
      return underWrk(world, name, asked, { ...question("nginx", "single", asked.port), cookies });
    };
    return [
      await contender("1 session", one, "sqlite", 1),
      await contender("100,000 sessions, one asks", lots, "many, one", 1),
      await contender("100,000 sessions, 1,000 ask in turn", lots, "many, some", 1000),
      await contender("100,000 sessions, all ask in turn", lots, "many, all", many),
    ];
  };
  return { ...work, contenders };
}

function stores(world: World): LoadCase {
  const work = { kind: "load", name: "stores", title: "Verdict, by store", unit: "request" } as const;
  const contenders = async () => {
    const memory = await world.akproxy("memory");
    const sqlite = await world.akproxy("start", `sqlite:${join(world.folder, "login.sqlite.d", "sessions.sqlite")}`);
    const contender = async (name: string, server: typeof memory) => {
      const { url, headers } = question("nginx", "single", server.port);
      return underWrk(world, name, server, { url, headers: [...headers, await verdictCookie(world, server.port)] });
    };
    return [await contender("memory", memory), await contender("sqlite", sqlite)];
  };
  return { ...work, contenders };
}
