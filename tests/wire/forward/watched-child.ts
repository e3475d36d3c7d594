import { writeFileSync } from "node:fs";

/** A Bun process whose memory a test watches. Its script prints a port first. */
export interface WatchedChild {
  readonly process: Bun.Subprocess;
  readonly port: number;
  /** Bytes by which the peak is above what it had after the start. */
  grown(): Promise<number>;
}

export async function watchedChild(script: string): Promise<WatchedChild> {
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  const before = await memoryOf(child.pid, "VmRSS");
  writeFileSync(`/proc/${child.pid}/clear_refs`, "5"); // the high-water mark begins anew
  return {
    process: child,
    port: Number(new TextDecoder().decode(value)),
    grown: async () => (await memoryOf(child.pid, "VmHWM")) - before,
  };
}

async function memoryOf(pid: number, what: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}
