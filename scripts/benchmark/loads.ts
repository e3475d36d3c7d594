import { join } from "node:path";
import type { Contender, Shot } from "./shot.ts";
import type { World } from "./world.ts";
import { runWrk, type WrkLoad } from "./wrk.ts";

/** A server under a load of wrk. */
export function underWrk(
  world: World,
  name: string,
  server: { readonly pid: number },
  load: Omit<WrkLoad, "wrk">,
): Contender {
  return {
    name,
    pid: server.pid,
    shoot: (seconds) => runWrk({ ...load, wrk: world.programs.wrk }, seconds, world.folder),
  };
}

/** A server under one of the programs beside this one that print a Shot: they take `facts` and the seconds as JSON. */
export function underProgram(
  program: "web-socket-load.ts" | "event-load.ts" | "handshake-load.ts",
  name: string,
  server: { readonly pid: number },
  facts: Readonly<Record<string, string | number>>,
): Contender {
  return { name, pid: server.pid, shoot: (seconds) => runProgram(program, { ...facts, seconds }) };
}

async function runProgram(program: string, facts: Readonly<Record<string, string | number>>): Promise<Shot> {
  const command = ["taskset", "-c", "1", process.execPath, join(import.meta.dir, program), JSON.stringify(facts)];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${program}: ${text}${await new Response(child.stderr).text()}`);
  return JSON.parse(text);
}
