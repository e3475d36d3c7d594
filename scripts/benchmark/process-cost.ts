import { readdirSync, readFileSync } from "node:fs";

/** What a server has cost so far: CPU of all its threads and children in microseconds, resident memory in KiB. */
export interface Cost {
  readonly cpuMicroseconds: number;
  readonly residentKib: number;
}

const ticksPerSecond = 100; //                     USER_HZ; Linux gives all architectures that Bun runs on the same

/** The cost of a process and everything it has started. utime and stime add up to the scheduler's exact time, in ticks of 10 ms. */
export function costOf(root: number): Cost {
  let ticks = 0;
  let residentKib = 0;
  for (const pid of family(root)) {
    const fields = statFields(pid);
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    residentKib += memoryKib(pid, "VmRSS");
  }
  return { cpuMicroseconds: (ticks / ticksPerSecond) * 1_000_000, residentKib };
}

/** The most that was ever resident, in KiB, since `forgetPeak`; of a process without its children. */
export function peakKib(pid: number): number {
  return memoryKib(pid, "VmHWM");
}

/** Begins the peak anew (proc(5): clear_refs). */
export async function forgetPeak(pid: number): Promise<void> {
  await Bun.write(`/proc/${pid}/clear_refs`, "5");
}

function memoryKib(pid: number, field: "VmRSS" | "VmHWM"): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(procText(pid, "status"))?.[1] ?? 0);
}

/** The process, its children, and theirs. */
function family(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isInteger(pid)) parents.set(pid, Number(statFields(pid)[1] ?? 0));
  }
  const members = new Set([root]);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const [pid, parent] of parents) if (members.has(parent)) members.add(pid);
  }
  return [...members];
}

/** The fields of /proc/PID/stat after the program's name, which may hold spaces: state, ppid, ... */
function statFields(pid: number): readonly string[] {
  const text = procText(pid, "stat");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** "" once the process is gone. */
function procText(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
