import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import type { Shot } from "./shot.ts";

/** A load of wrk: one thread on the core that is not the server's. */
export interface WrkLoad {
  readonly wrk: string; //                         the program
  readonly url: string;
  readonly headers?: HeaderLines;
  readonly connections?: number; //                64
  readonly expected?: "2xx" | "3xx" | "4xx"; //    what every answer must be
  readonly post?: { readonly bytes: number };
  readonly cookies?: string; //                    a file with a Cookie value a line, sent in turn
}

/** How a script of ours tells what came of a run. */
const report = `
done = function(summary, latency)
  io.write(string.format("REPORT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
`;

/** Runs it once. Rejects when an answer was not what was expected: a fast refusal must not pass for speed. */
export async function runWrk(load: WrkLoad, seconds: number, folder: string): Promise<Shot> {
  const script = `${folder}/wrk.lua`;
  await Bun.write(script, `${scriptOf(load)}${report}`);
  const headers = (load.headers ?? []).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const connections = String(load.connections ?? 64);
  const command = [
    load.wrk,
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "20s",
    "-s",
    script,
    ...headers,
    load.url,
  ];
  const child = Bun.spawn(["taskset", "-c", "1", ...command], { stdout: "pipe", stderr: "pipe" });
  const text = await new Response(child.stdout).text();
  const numbers = /^REPORT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(text)?.slice(1).map(Number);
  if (numbers === undefined) throw new Error(`wrk: ${text}${await new Response(child.stderr).text()}`);
  const [done = 0, micros = 1, p50 = 0, p99 = 0, refused = 0, broken = 0] = numbers;
  const isExpected = load.expected === "4xx" ? refused === done : refused === 0;
  if (done === 0 || !isExpected || broken > connections.length + done / 1000) {
    throw new Error(`wrk ${load.url}: of ${done} answers ${refused} were 4xx or 5xx, ${broken} errors of connections`);
  }
  return { done, seconds: micros / 1_000_000, p50: p50 / 1000, p99: p99 / 1000 };
}

function scriptOf({ post, cookies }: WrkLoad): string {
  if (post !== undefined) return `wrk.method = "POST"\nwrk.body = string.rep("x", ${post.bytes})\n`;
  if (cookies === undefined) return "";
  return `
local requests, at = {}, 0
init = function()
  for line in io.lines(${JSON.stringify(cookies)}) do
    wrk.headers["Cookie"] = line
    requests[#requests + 1] = wrk.format()
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
`;
}
