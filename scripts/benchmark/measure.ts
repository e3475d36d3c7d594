import { costOf } from "./process-cost.ts";
import type { Contender, FigureCase, LoadCase, Run } from "./shot.ts";
import { figureTable, loadTable } from "./table.ts";

/** How long and how often. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number; //                     of one run
}

/** Seconds of load before the first round, in which the JIT compiler does most of its work. */
const warmUpSeconds = 5;

/** Runs a case; its table as Markdown. Servers take turns within each round, so that a noisy neighbour meets all of them. */
export async function measureCase(work: LoadCase | FigureCase, { rounds, seconds }: Effort): Promise<string> {
  if (work.kind === "figures") return figureTable(work, await work.rows(rounds));
  const contenders = await work.contenders();
  for (const contender of contenders) await contender.shoot(warmUpSeconds);
  const runs = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) runs.get(contender)?.push(await oneRun(contender, seconds));
    process.stderr.write(".");
  }
  process.stderr.write("\n");
  return loadTable(
    work,
    contenders.map((contender) => ({ name: contender.name, runs: runs.get(contender) ?? [] })),
  );
}

async function oneRun(contender: Contender, seconds: number): Promise<Run> {
  const before = costOf(contender.pid);
  const shot = await contender.shoot(seconds);
  const after = costOf(contender.pid);
  return {
    ...shot,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / shot.done,
    residentMib: after.residentKib / 1024,
  };
}
